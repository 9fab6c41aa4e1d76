"""Results of tasks, each in a folder named by the hash of all that went into it.

Unfinished work keeps its checkpoint apart, so that a killed run goes on where it was. What has been
damaged is set aside and counts as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from neuplug.errors import NeuplugError
from neuplug.plugins.generator import Checkpoint
from neuplug.storage.atomic import read_checked, write_checked
from neuplug.storage.claims import Claim, remove
from neuplug.storage.folders import (
    DamagedError,
    Sealed,
    open_sealed,
    sealed_folder,
    set_aside,
    sweep,
)

_CLAIMS, _UNFINISHED = "claims", "unfinished"

logger = logging.getLogger("neuplug")

# Part of every key: raised when the core's own computations change what they give
FORMAT = 5


def hash_of(content: Any) -> str:
    """A key for any JSON value: 32 hexadecimal digits of SHA-256 over its canonical form."""
    text = json.dumps([FORMAT, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def cache_dir() -> Path:
    """The cache's folder: ``NEUPLUG_CACHE``, or the user's cache folder of the platform.

    It need not exist. Deleting it loses time, never results.
    """
    own = os.environ.get("NEUPLUG_CACHE")
    return Path(own).expanduser() if own else platformdirs.user_cache_path("neuplug")


def store_root() -> Path:
    """Where finished tasks are kept."""
    return cache_dir() / "store"


class MissingResult(NeuplugError):
    """A stored result is not there any more, or was damaged and has been set aside.

    Attributes:
        key: Of the task that must be done again.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Store:
    """A folder of finished work, which threads, processes and hosts may share.

    Args:
        root: Created when something is first written.
        tell: Told of every result that is found damaged; by default the logger ``neuplug``.
    """

    def __init__(self, root: Path, tell: Callable[[str], None] = logger.warning) -> None:
        self.root, self.tell = root, tell

    def path(self, key: str) -> Path:
        """Where the work called ``key`` is, or will be."""
        return self.root / "done" / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether the work is there, with all its files; their content is checked when read."""
        try:
            self.open(key)
        except MissingResult:
            return False
        return True

    def open(self, key: str) -> Sealed:
        """The work called ``key``.

        Raises:
            MissingResult: If it is not there, or damaged: then it has been set aside.
        """
        path = self.path(key)
        if not path.exists() and not path.is_symlink():
            raise MissingResult(key, f"the store {self.root} has no result {key}.")
        with self.checking(key):
            return open_sealed(path)

    @contextlib.contextmanager
    def checking(self, key: str) -> Iterator[None]:
        """Set the work called ``key`` aside if what is read of it within is damaged.

        Raises:
            MissingResult: If it is.
        """
        try:
            yield
        except DamagedError as error:
            kept = set_aside(self.path(key))
            where = f" It has been set aside as {kept}." if kept else ""
            message = f"the stored result {key} is damaged: {error.why}.{where}"
            self.tell(message)
            raise MissingResult(key, message) from error

    def read(self, key: str, name: str) -> bytes:
        """The content of a file of the work called ``key``.

        Raises:
            MissingResult: See :meth:`open`.
        """
        with self.checking(key):
            return self.open(key).read(name)

    @contextlib.contextmanager
    def write(self, key: str) -> Iterator[Path]:
        """Give an empty folder to fill; on a clean exit it becomes the work called ``key``.

        Raises:
            StorageError: If the store cannot be written.
        """
        with sealed_folder(self.path(key), self.root) as folder:
            yield folder
        remove(self.root / _UNFINISHED / key)

    def claim(self, key: str) -> Claim | None:
        """Be the only one to work on ``key``; ``None`` while another living process is.

        Raises:
            StorageError: If the store cannot be written.
        """
        return Claim.take(self.root / _CLAIMS / key)

    def checkpoint(self, key: str) -> StoredCheckpoint:
        """Where unfinished work on ``key`` keeps its state."""
        return StoredCheckpoint(self.root / _UNFINISHED / key / "checkpoint")

    def note_time(self, cost_class: str, seconds: float) -> None:
        """Remember how long a class of tasks takes, for estimates."""
        file = self.root / "timings" / cost_class
        with contextlib.suppress(OSError):  # only an estimate
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{seconds:.3f}\n", encoding="utf-8")

    def timings(self) -> dict[str, float]:
        """The last time of each class of tasks, in seconds."""
        found = {}
        for file in (self.root / "timings").glob("[!.]*"):
            with contextlib.suppress(OSError, ValueError):  # only an estimate
                found[file.name] = float(file.read_text("utf-8"))
        return found

    def sweep(self) -> None:
        """Remove what processes that are gone have left unfinished or claimed."""
        sweep(self.root)
        for claim in (self.root / _CLAIMS).glob("*"):
            Claim.is_held(claim)


class StoredCheckpoint(Checkpoint):
    """A checkpoint in one file, replaced in one step.

    Args:
        path: The file; its folder is created when something is saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, tree: Mapping[str, Any]) -> None:
        """Keep ``tree``; see :class:`neuplug.Checkpoint`.

        Raises:
            StorageError: If it cannot be written.
        """
        from neuplug.storage.tensorfile import tree_bytes

        write_checked(self.path, tree_bytes(tree))

    def load(self) -> dict[str, Any] | None:
        """What was kept last, or ``None``; a damaged file counts as none."""
        from neuplug.storage.tensorfile import tree_from

        content = read_checked(self.path)
        if content is None:
            return None
        tree: dict[str, Any] = tree_from(content)
        return tree
