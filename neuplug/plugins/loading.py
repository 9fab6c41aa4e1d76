"""Components made, and named when they fail."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neuplug.errors import NeuplugError, PluginError
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.isolation import Fault, isolated
from neuplug.plugins.registry import ComponentSpec, discover


@contextmanager
def named_faults(component: Any) -> Iterator[None]:
    """Turn whatever a plugin lets escape into an error that names the plugin.

    Args:
        component: The component at work, with ``name``, ``distribution`` and ``version``. If it
            has called another one, such as an evaluator a generator, that raised, then that one is
            named.

    Raises:
        PluginError: In place of any exception that neuplug did not raise on purpose.

    Example:
        >>> from neuplug.plugins.loading import named_faults
        >>> try:
        ...     with named_faults(neuplug.discover().resolve("flip")):
        ...         1 / 0
        ... except neuplug.PluginError as error:
        ...     print(str(error).partition(". ")[0])
        flip of neuplug-classical 0.1.0 failed: ZeroDivisionError: division by zero
    """
    try:
        with isolated(_source(component), NeuplugError):
            yield
    except Fault as fault:
        found = _raised_by(fault.__cause__) or component
        raise PluginError(
            f"{_source(found)} failed: {str(fault).rstrip('.')}. Leave it out, or check it with "
            f"'neuplug plugins check {found.distribution}'."
        ) from fault.__cause__


def _source(component: Any) -> str:
    return f"{component.name} of {component.distribution} {component.version}"


def _raised_by(error: BaseException | None) -> ComponentSpec | None:
    """The installed component in whose method an exception was raised, if in any."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__ if error else None):
        own: Any = frame.f_locals.get("self")
        if issubclass(type(own), ComponentBase):
            found = installed(own) or found
    return found


def installed(component: ComponentBase) -> ComponentSpec | None:
    """The plugin's component that it is an instance of.

    Example:
        >>> from neuplug.plugins.loading import installed
        >>> installed(neuplug.load("flip")).name
        'flip'
    """
    kind = type(component)
    target = f"{kind.__module__}:{kind.__qualname__}"
    found = [spec for spec in discover().components if spec.component.target == target]
    return found[0] if len(found) == 1 else None


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
    spec = discover().resolve(name)
    component = spec.load()
    with named_faults(spec):
        return component(component.options_class.parse(options, name))
