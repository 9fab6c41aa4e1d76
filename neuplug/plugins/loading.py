"""From a name to a ready component."""

from __future__ import annotations

from typing import Any

from neuplug.plugins.component import ComponentBase
from neuplug.plugins.registry import discover


def load(name: str, /, **options: Any) -> ComponentBase:
    """Return the component called ``name`` with the given options.

    Args:
        name: ``dcgan``, or ``distribution:dcgan`` where two plugins offer the name.
        options: The component's own options; ``neuplug plugins show dcgan`` lists them.

    Raises:
        InputError: If no plugin has the component, or an option is unknown or out of range.
        PluginError: If the plugin fails to load.

    Example:
        >>> generator = neuplug.load("dcgan", steps=500)
        >>> generator.options.steps, generator.options.batch
        (500, 16)
    """
    component = discover().resolve(name).load()
    return component(component.options_class.parse(options, name))
