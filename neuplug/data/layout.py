"""Layouts: ways in which a set of labelled images lies on disk."""

from __future__ import annotations

import logging
from abc import abstractmethod
from pathlib import Path

from neuplug.data.listing import Listing
from neuplug.errors import PluginError
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.distributions import FAULTS, told
from neuplug.plugins.registry import discover

logger = logging.getLogger("neuplug")


class Layout(ComponentBase):
    """Recognises one way in which a set of labelled images lies on disk, and lists it."""

    @abstractmethod
    def scan(self, path: Path) -> Listing | str | None:
        """List the images at ``path``, without opening one of them.

        Args:
            path: A folder or a file that is there.

        Returns:
            ``None`` if this is not its layout; a sentence if it is, but something has to be done
            before it can be read, saying what.
        """


def ask_layouts(path: Path) -> tuple[Listing | None, list[str]]:
    """What the layouts of plugins make of a path: the first listing, or what they say of it."""
    said: list[str] = []
    for spec in discover().of_kind("layout"):
        try:
            layout = spec.load()()
            assert isinstance(layout, Layout)
            found = layout.scan(path)
        except PluginError as error:
            logger.warning("%s", error)
            continue
        except FAULTS as error:
            logger.warning("%s of %s failed: %s", spec.name, spec.source, told(error))
            continue
        if isinstance(found, Listing):
            return found, said
        if found:
            said.append(found)
    return None, said
