"""Being the only one to work on something, among threads, processes and hosts.

A claim is a locked file. The system lets go of the lock when the process ends, however it ends, and
over a shared disk too; a file that nobody has locked is one that a killed process has left.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import BaseFileLock, FileLock, Timeout, UnixFileLock

from neuplug.errors import StorageError
from neuplug.storage.files import storing


@dataclass(frozen=True)
class Claim:
    """What this process has claimed, until it is released or the process ends.

    A forked child does not have its parent's claims.

    Attributes:
        path: Of the locked file.
    """

    path: Path
    _lock: BaseFileLock

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Claim ``path``, a file that is made; ``None`` while somebody has it.

        Raises:
            StorageError: If it cannot be written.
        """
        with storing(path.parent):
            try:
                return cls._acquire(path, blocking=False)
            except Timeout:
                return None

    @classmethod
    def wait(cls, path: Path) -> Self:
        """Claim ``path`` as soon as nobody has it.

        Raises:
            StorageError: If it cannot be written.
        """
        with storing(path.parent):
            return cls._acquire(path, blocking=True)

    @classmethod
    def _acquire(cls, path: Path, blocking: bool) -> Self:
        if path.is_dir():
            remove(path)  # a claim is a file
        lock = FileLock(path, thread_local=False)
        lock.acquire(blocking=blocking)
        return cls(path, lock)

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Whether somebody has claimed ``path``; what a dead process has left there is removed.

        Where that may not be written, a file counts as held: whoever lets go of it removes it.
        """
        if not path.exists():
            return False
        try:
            claim = cls.take(path)
        except StorageError:
            return True
        if claim is not None:
            claim.release()
        return claim is None

    def release(self) -> None:
        """Let others have it."""
        if not self._lock.is_locked:  # of the parent of a forked child, or released before
            return
        if isinstance(self._lock, UnixFileLock):  # other locks remove their file themselves
            # while it is locked: a lock on a file that is gone is none, and is tried again
            self.path.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def remove(path: Path) -> None:
    """Remove a file or folder as far as that is possible."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
