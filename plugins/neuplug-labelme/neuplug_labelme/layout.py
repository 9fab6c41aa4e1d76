"""Recognise photographs with labelme annotations."""

from __future__ import annotations

from pathlib import Path

from neuplug import Layout
from neuplug_labelme.sniffing import has_labelme


class Labelme(Layout):
    """Photographs with labelme annotations, which have to be cut before they are a set."""

    def scan(self, path: Path) -> str | None:
        """Say what makes a set of such a folder."""
        if not path.is_dir() or not has_labelme(path):
            return None
        return (
            "There are labelme annotations: neuplug data crop IMAGES LABELME OUT makes a set of "
            "class folders of them."
        )
