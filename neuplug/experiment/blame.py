"""Faults of plugins, turned into errors that name the plugin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from neuplug.errors import NeuplugError, PluginError
from neuplug.faults import told


@contextmanager
def blame(reference: Mapping[str, Any]) -> Iterator[None]:
    """Turn whatever a plugin lets escape into an error that names the plugin.

    Args:
        reference: ``name``, ``distribution`` and ``version`` of the component at work.

    Raises:
        PluginError: In place of any exception that neuplug did not raise on purpose.
    """
    try:
        yield
    except NeuplugError:
        raise
    except (Exception, SystemExit) as error:
        distribution = reference["distribution"]
        said = told(error).rstrip(".")
        raise PluginError(
            f"{reference['name']} of {distribution} {reference['version']} failed: {said}. "
            f"Leave it out, or see what 'neuplug plugins check {distribution}' finds."
        ) from error
