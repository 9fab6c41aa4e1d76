"""Faults of plugins, turned into errors that name the plugin."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neuplug.errors import NeuplugError, PluginError
from neuplug.plugins.distributions import told
from neuplug.storage.atomic import OF_THE_DISK, storage_error

if TYPE_CHECKING:
    from neuplug.experiment.tasks import ComponentRef
    from neuplug.plugins.spec import ComponentSpec


@contextmanager
def named_faults(component: ComponentSpec | ComponentRef) -> Iterator[None]:
    """Turn whatever a plugin lets escape into an error that names the plugin.

    Args:
        component: The component at work.

    Raises:
        PluginError: In place of any exception that neuplug did not raise on purpose.
        StorageError: In place of one that is the disk's, whoever was writing.
    """
    try:
        yield
    except NeuplugError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError) and error.errno in OF_THE_DISK:
            place = Path(error.filename).parent if error.filename else Path(tempfile.gettempdir())
            raise storage_error(error, place) from error
        said = told(error).rstrip(".")
        raise PluginError(
            f"{component.name} of {component.distribution} {component.version} failed: {said}. "
            f"Leave it out, or check it with 'neuplug plugins check {component.distribution}'."
        ) from error
