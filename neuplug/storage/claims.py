"""Being the only one to work on something, among threads, processes and hosts.

A claim is a folder with its owner's signature. It is made aside and renamed: a folder that is not
empty cannot be renamed over, so that of several who try one succeeds.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from neuplug.storage.atomic import storing, unfinished_name
from neuplug.storage.folders import OWNER, remove
from neuplug.storage.owners import is_alive, owner, signed_by


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
                _remove(path)
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
        except OSError:
            if not path.exists():
                raise
            return False
        finally:
            owner().release(aside / OWNER)
            remove(aside)
        return True

    def release(self) -> None:
        """Let others have it."""
        released = self.path.with_name(unfinished_name())
        with contextlib.suppress(OSError):
            self.path.rename(released)
        owner().release(self.path / OWNER)
        remove(released)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def holder(path: Path) -> str:
    """``process 12 on host``, of the living process that has claimed ``path``; or empty."""
    return signed_by(path / OWNER) if is_alive(path / OWNER) else ""


def _remove(path: Path) -> None:
    """Remove a claim whose owner is gone; of several who do only one gets it away."""
    dead = path.with_name(unfinished_name())
    try:
        path.rename(dead)
    except FileNotFoundError:
        return
    if is_alive(dead / OWNER):  # it has been taken over meanwhile
        with contextlib.suppress(OSError):
            dead.rename(path)
        return
    remove(dead)
