"""Results of tasks, each in a folder named by the hash of all that went into it.

A folder appears whole or not at all, and knows when it is damaged: it is filled under another
name, sealed with the size and SHA-256 of every file in it, and renamed. What reads it later
compares: with the sizes before it relies on the folder, with the hash whenever it reads a file.
What has been damaged is set aside and counts as not there. Unfinished work keeps its checkpoint
apart, so that a killed run goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from neuplug.errors import NeuplugError, StorageError
from neuplug.plugins.generator import Checkpoint
from neuplug.storage import files

logger = logging.getLogger("neuplug")

# Part of every key: raised when the core's own computations change what they give
FORMAT = 8

SEAL, SEAL_FORMAT = "seal", 2
DAMAGED, CLAIMS, UNFINISHED = ".damaged", "claims", "unfinished"


class DamagedError(Exception):
    """A folder or file is not what was written.

    Attributes:
        path: Of the folder.
        why: In a few words.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is damaged: {why}")
        self.path, self.why = path, why


@contextlib.contextmanager
def whole_folder(target: Path, root: Path | None = None) -> Iterator[Path]:
    """Give an empty folder to fill, which becomes ``target`` when the block ends well.

    A block that raises, or a process that is killed, leaves no ``target``; what a killed process
    left is removed by the next one that writes there. Where two processes make the same folder at
    the same time, the first one's stays.

    Args:
        target: The folder to be; its parents are made. If it exists, it stays as it is.
        root: Where the folder is while it is filled, on the same disk; by default beside it, where
            nothing else is left behind.

    Raises:
        StorageError: If the place cannot be written.
    """
    root = root or target.parent
    sweep(root)
    aside = root / files.unfinished_name()
    claim = files.Claim.wait(_lock(aside))
    with files.storing(root):
        aside.mkdir()
    try:
        yield aside
        with files.storing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                aside.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
    except OSError as error:  # of whoever fills the folder
        if error.errno in files.OF_THE_DISK:
            raise files.storage_error(error, root) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        claim.release()


@dataclass(frozen=True)
class Sealed:
    """A folder whose seal has been read.

    Attributes:
        path: Of the folder.
        files: Name, with ``/`` below subfolders, to SHA-256 as hexadecimal digits.
    """

    path: Path
    files: dict[str, str]

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            DamagedError: If it is not what was written.
        """
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            raise DamagedError(self.path, f"{name} cannot be read ({error.strerror})") from error
        if hashlib.sha256(content).hexdigest() != self.files.get(name):
            raise DamagedError(self.path, f"{name} has changed since it was written")
        return content

    def checked(self, name: str) -> Path:
        """The path of a file whose content has just been compared with its hash.

        Raises:
            DamagedError: If it is not what was written.
        """
        path = self.path / name
        try:
            digest = files.file_hash(path)
        except OSError as error:
            raise DamagedError(self.path, f"{name} cannot be read ({error.strerror})") from error
        if digest != self.files.get(name):
            raise DamagedError(self.path, f"{name} has changed since it was written")
        return path


def open_sealed(folder: Path) -> Sealed:
    """Read the seal of a folder, and hold names and sizes of its files against it.

    Raises:
        DamagedError: If they differ, the seal is not whole, or the folder is another's.
    """
    content = files.read_checked(folder / SEAL)
    if content is None:
        raise DamagedError(folder, "its seal is missing or has changed since it was written")
    try:
        seal = json.loads(content)
        held = seal["name"], seal["format"]
        sizes = {name: size for name, (size, _) in seal["files"].items()}
        found = dict(_files(folder))
    except OSError as error:
        raise DamagedError(folder, f"it cannot be read ({error.strerror})") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DamagedError(folder, "its seal is not of neuplug's making") from error
    if held != (folder.name, SEAL_FORMAT):
        raise DamagedError(folder, f"it holds {held[0]}, or has another format")
    for name in sizes.keys() | found.keys():
        if sizes.get(name) != found.get(name):
            raise DamagedError(folder, f"{name} is missing, new or of another size")
    return Sealed(folder, {name: digest for name, (_, digest) in seal["files"].items()})


def set_aside(path: Path) -> Path | None:
    """Move what is damaged out of the way, so that it can be made again.

    Returns:
        Where it is now; ``None`` if another process was faster.

    Raises:
        StorageError: If it cannot be moved.
    """
    kept = path.parent / DAMAGED / f"{path.name}-{uuid.uuid4().hex[:8]}"
    with files.storing(path.parent):
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(kept)
        except FileNotFoundError:
            return None
    return kept


def sweep(root: Path) -> None:
    """Remove the unfinished folders in ``root`` whose writers are gone."""
    for left in filter(files.is_unfinished, root.glob(".*")):
        claimed = files.Claim.is_held(_lock(left))
        if left.is_dir() and not claimed:
            files.remove(left)


def _lock(aside: Path) -> Path:
    """The file that a writer has claimed for as long as it fills an unfinished folder."""
    return aside.with_suffix(".lock")


def _seal(folder: Path, name: str) -> None:
    found = {file: (size, files.file_hash(folder / file)) for file, size in sorted(_files(folder))}
    content = {"format": SEAL_FORMAT, "name": name, "files": found}
    files.write_checked(folder / SEAL, json.dumps(content).encode())


def _files(folder: str | Path, below: str = "") -> Iterator[tuple[str, int]]:
    """Names and sizes of all files in a folder but its seal."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, f"{below}{entry.name}/")
            elif entry.is_file() and (below or entry.name != SEAL):
                yield below + entry.name, entry.stat().st_size


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
        target = self.path(key)
        with whole_folder(target, self.root) as folder:
            yield folder
            with files.storing(target.parent):
                _seal(folder, key)
        files.remove(self.root / UNFINISHED / key)

    def claim(self, key: str) -> files.Claim | None:
        """Be the only one to work on ``key``; ``None`` while another living process is.

        Raises:
            StorageError: If the store cannot be written.
        """
        return files.Claim.take(self.root / CLAIMS / key)

    def checkpoint(self, key: str) -> StoredCheckpoint:
        """Where unfinished work on ``key`` keeps its state."""
        return StoredCheckpoint(self.root / UNFINISHED / key / "checkpoint")

    def note_time(self, cost_class: str, seconds: float) -> None:
        """Remember how long a class of tasks takes, for estimates."""
        file = self.root / "timings" / cost_class
        with contextlib.suppress(OSError, StorageError):  # only an estimate
            file.parent.mkdir(parents=True, exist_ok=True)
            files.write_text(file, f"{seconds:.3f}\n")

    def noted_time(self, cost_class: str) -> float | None:
        """How long a task of that class took last, in seconds."""
        with contextlib.suppress(OSError, ValueError):  # only an estimate
            return float((self.root / "timings" / cost_class).read_text("utf-8"))
        return None

    def sweep(self) -> None:
        """Remove what processes that are gone have left unfinished or claimed."""
        sweep(self.root)
        for claim in (self.root / CLAIMS).glob("*"):
            files.Claim.is_held(claim)


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

        files.write_checked(self.path, tree_bytes(tree))

    def load(self) -> dict[str, Any] | None:
        """What was kept last, or ``None``; a damaged file counts as none."""
        from neuplug.storage.tensorfile import tree_from

        content = files.read_checked(self.path)
        if content is None:
            return None
        tree: dict[str, Any] = tree_from(content)
        return tree
