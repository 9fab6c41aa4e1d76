"""What the files of imported code were when this process imported them. Loads no torch.

A result belongs to the code that made it, and that is the code in memory. So files are hashed when
they are imported, and looked at again whenever their hash is asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SETTLED_NS = 2_000_000_000  # file times are this coarse on some file systems


class ChangedError(Exception):
    """A file is not what it was when this process imported it."""


class _Seen(NamedTuple):
    """A file at the last look: its times, size and number, and its hash."""

    mark: tuple[int, ...]
    settled: bool
    digest: str


_seen: dict[Path, _Seen] = {}


def note_import(module: str) -> None:
    """Note the files of a module's top package that are imported by now."""
    top = module.partition(".")[0]
    if top == "neuplug":  # its version is in every key
        return
    for name, file in _loaded_files():
        if name == top or name.startswith(f"{top}."):
            with contextlib.suppress(OSError):
                path = Path(file).resolve()
                if path not in _seen:
                    look(path)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def look(path: Path, hash_of: Callable[[Path], str] = hash_file) -> str:
    """The hash of a file, which is read only where it may have changed since the last look.

    Raises:
        ChangedError: If it changed, and what it was may be in memory.
        OSError: If it cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no file")
    # a change that keeps size and time of change still moves the second of these
    mark = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    seen = _seen.get(path)
    if seen is not None and seen.settled and seen.mark == mark:
        return seen.digest
    if seen is None and path.suffix == ".py":
        drop_outdated_bytecode(path)
    settled = max(mark[:2]) + SETTLED_NS < time.time_ns()
    digest = hash_of(path)
    if seen is not None and seen.digest != digest and in_memory(path):
        raise ChangedError(path)
    _seen[path] = _Seen(mark, settled, digest)
    return digest


def in_memory(path: Path) -> bool:
    """Whether a file's content may be in use: a module's only once it is imported."""
    if path.suffix != ".py":
        return True
    real = path.resolve()
    return any(real == Path(f).resolve() for _, f in _loaded_files() if f.endswith(path.name))


def drop_outdated_bytecode(source: Path) -> None:
    """Delete bytecode that is older than its source.

    Python takes it for that source's if the size and the second of the change are the same, and
    would run the old code under the hash of the new.
    """
    with contextlib.suppress(OSError, NotImplementedError):
        bytecode = Path(importlib.util.cache_from_source(str(source)))
        if bytecode.stat().st_mtime_ns <= source.stat().st_ctime_ns:
            bytecode.unlink()


def _loaded_files() -> list[tuple[str, str]]:
    """Names and files of the modules in memory; attributes of lazy ones are not touched."""
    found = [(n, getattr(m, "__dict__", {}).get("__file__")) for n, m in list(sys.modules.items())]
    return [(name, file) for name, file in found if isinstance(file, str)]
