"""Folders that appear whole or not at all, and that know when they are damaged.

A folder is filled under another name, sealed with the size and SHA-256 of every file in it, and
renamed. What reads it later compares: with the sizes before it relies on the folder, with the hash
whenever it reads a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neuplug.storage.atomic import (
    OF_THE_DISK,
    file_hash,
    read_checked,
    storage_error,
    storing,
    unfinished_name,
    write_checked,
    writer_claim,
    writer_of,
)
from neuplug.storage.claims import Claim, remove

SEAL = "seal"
FORMAT = 2
DAMAGED = ".damaged"


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
    root, writer = root or target.parent, uuid.uuid4().hex
    sweep(root)
    claim = Claim.wait(writer_claim(root, writer))
    aside = root / unfinished_name(writer)
    with storing(root):
        aside.mkdir()
    try:
        yield aside
        with storing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                aside.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
    except OSError as error:  # of whoever fills the folder
        if error.errno in OF_THE_DISK:
            raise storage_error(error, root) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        claim.release()


@contextlib.contextmanager
def sealed_folder(target: Path, root: Path) -> Iterator[Path]:
    """The same, of which :func:`open_sealed` can tell later whether it is as it was written."""
    with whole_folder(target, root) as folder:
        yield folder
        with storing(target.parent):
            _seal(folder, target.name)


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
        if _hash(self.path, path) != self.files.get(name):
            raise DamagedError(self.path, f"{name} has changed since it was written")
        return path


def open_sealed(folder: Path) -> Sealed:
    """Read the seal of a folder, and hold names and sizes of its files against it.

    Raises:
        DamagedError: If they differ, the seal is not whole, or the folder is another's.
    """
    content = read_checked(folder / SEAL)
    if content is None:
        raise DamagedError(folder, "its seal is missing or has changed since it was written")
    seal = json.loads(content)
    if (seal["format"], seal["name"]) != (FORMAT, folder.name):
        raise DamagedError(folder, f"it holds {seal['name']}, or has another format")
    try:
        found = {_name(folder, path): path.stat().st_size for path in _files(folder)}
    except OSError as error:
        raise DamagedError(folder, f"it cannot be read ({error.strerror})") from error
    sizes = {name: size for name, (size, _) in seal["files"].items()}
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
    with storing(path.parent):
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(kept)
        except FileNotFoundError:
            return None
    return kept


def sweep(root: Path) -> None:
    """Remove the unfinished folders in ``root`` whose writers are gone."""
    for left in root.glob(".*"):
        if (writer := writer_of(left)) is not None:
            claimed = Claim.is_held(writer_claim(root, writer))
            if left.is_dir() and not claimed:
                remove(left)


def _seal(folder: Path, name: str) -> None:
    files = {
        _name(folder, path): (path.stat().st_size, _hash(folder, path)) for path in _files(folder)
    }
    content = {"format": FORMAT, "name": name, "files": files}
    write_checked(folder / SEAL, json.dumps(content).encode())


def _files(folder: Path) -> list[Path]:
    """All that are in a folder but its seal."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / SEAL)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _hash(folder: Path, path: Path) -> str:
    try:
        return file_hash(path)
    except OSError as error:
        raise DamagedError(folder, f"{path.name} cannot be read ({error.strerror})") from error
