"""Results that took time, each in a folder named by the hash of all that went into it.

A folder appears whole or not at all: it is written aside and renamed. Unfinished work keeps its
checkpoint apart, so that a killed run goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuplug.cache import whole_folder
from neuplug.files import write_whole
from neuplug.interfaces import Checkpoint

FORMAT = 3
"""Part of every key: raised when the core's own computations change what they give."""


def hash_of(content: Any) -> str:
    """A key for any JSON value: 32 hexadecimal digits of SHA-256 over its canonical form."""
    text = json.dumps([FORMAT, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Store:
    """A folder of finished work.

    Args:
        root: Created when something is first written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Where the work called ``key`` is, or will be."""
        return self.root / "done" / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether the work is there, whole."""
        return self.path(key).is_dir()

    @contextmanager
    def write(self, key: str) -> Iterator[Path]:
        """Give an empty folder to fill; on a clean exit it becomes the work called ``key``."""
        with whole_folder(self.path(key)) as folder:
            yield folder
        self.checkpoint(key).clear()

    def checkpoint(self, key: str) -> StoredCheckpoint:
        """Where unfinished work on ``key`` keeps its state."""
        return StoredCheckpoint(self.root / "unfinished" / f"{key}.safetensors")

    def note_time(self, cost_class: str, seconds: float) -> None:
        """Remember how long a class of jobs takes, for estimates."""
        write_text(self.root / "timings" / cost_class, f"{seconds:.3f}\n")

    def timings(self) -> dict[str, float]:
        """The last time of each class of jobs, in seconds."""
        files = (self.root / "timings").glob("[!.]*")
        return {file.name: float(file.read_text("utf-8")) for file in files}


class StoredCheckpoint(Checkpoint):
    """A checkpoint in one file, replaced in one step.

    Args:
        path: The file; its folder is created when something is saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, tree: Mapping[str, Any]) -> None:
        """Keep ``tree``; see :class:`neuplug.Checkpoint`."""
        from neuplug.tensorfile import save_tree

        save_tree(tree, self.path)

    def load(self) -> dict[str, Any] | None:
        """What was kept last, or ``None``; an unreadable file counts as none."""
        from safetensors import SafetensorError

        from neuplug.tensorfile import load_tree

        if not self.path.is_file():
            return None
        try:
            tree: dict[str, Any] = load_tree(self.path)
        except (SafetensorError, OSError, KeyError, ValueError):
            return None
        return tree

    def clear(self) -> None:
        """Forget."""
        self.path.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, replacing it in one step.

    Raises:
        ValueError: If a number is not finite, which JSON cannot say.
    """
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, replacing it in one step."""
    write_whole(path, text.encode())
