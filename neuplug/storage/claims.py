"""Being the only one to work on something, among threads, processes and hosts.

A claim is a folder with its owner's signature. It is made aside and renamed: a folder that is not
empty cannot be renamed over, so that of several who try one succeeds.
"""

from __future__ import annotations

import contextlib
import errno
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from neuplug.storage.atomic import storing, unfinished_name
from neuplug.storage.folders import OWNER, remove
from neuplug.storage.owners import STALE_SECONDS, is_alive, owner, signed_by

TURN_SECONDS = 0.01


@dataclass(frozen=True)
class Claim:
    """What this thread has claimed, until it is released or the process ends.

    Attributes:
        path: Of the claim's folder.
    """

    path: Path

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Claim ``path``, taking over from a process that is gone.

        Returns:
            ``None`` while somebody has it.

        Raises:
            StorageError: If it cannot be written.
        """
        with storing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            while not cls._try(path):
                if is_alive(path / OWNER):
                    return None
                if path.exists():  # else it has been let go
                    _remove_dead(path)
        claim = cls(path)
        owner().sign(path / OWNER)
        return claim

    @classmethod
    def _try(cls, path: Path) -> bool:
        aside = path.with_name(unfinished_name())
        aside.mkdir()
        try:
            owner().sign(aside / OWNER)
            aside.rename(path)
        except OSError as error:
            # it was taken, even if it has been let go since
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) and not path.exists():
                raise
            return False
        finally:
            owner().release(aside / OWNER)
            remove(aside)
        return True

    def release(self) -> None:
        """Let others have it."""
        released = self.path.with_name(unfinished_name())
        owner().forget(self.path / OWNER)  # from the renaming on the name is anybody's
        with contextlib.suppress(OSError):
            self.path.rename(released)
        remove(released)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def holder(path: Path) -> str:
    """``process 12 on host``, of the living process that has claimed ``path``; or empty."""
    return signed_by(path / OWNER) if is_alive(path / OWNER) else ""


def is_being_made(path: Path) -> bool:
    """Whether an unfinished folder may become somebody's claim: who holds one must not sweep it."""
    signature = path / OWNER
    if signature.exists():
        return is_alive(signature)
    return path.is_dir() and _age(path) < STALE_SECONDS


def _remove_dead(path: Path) -> None:
    """Remove a claim whose owner is gone.

    Only one does at a time, and looks again: nobody can claim while the dead claim is there, so
    that a living one is never taken away.
    """
    turn = path.with_name(f"{path.name}.removal")
    try:
        turn.mkdir()
    except FileExistsError:
        time.sleep(TURN_SECONDS)
        if _age(turn) > STALE_SECONDS:  # of one that died within
            with contextlib.suppress(OSError):
                turn.rmdir()
        return
    try:
        if path.exists() and not is_alive(path / OWNER):
            dead = path.with_name(unfinished_name())
            with contextlib.suppress(FileNotFoundError):
                path.rename(dead)
            remove(dead)
    finally:
        with contextlib.suppress(OSError):
            turn.rmdir()


def _age(path: Path) -> float:
    """Seconds since something changed in a folder; none if it is not there."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
