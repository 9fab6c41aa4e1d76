"""Whose is a claim or an unfinished folder, and does its owner still live?

An owner is a process. It signs a file with its host and with a *mark*, a file on that host which it
keeps locked: the system lets go of the lock when the process ends, however it ends. (A process
number says nothing on another host, in another container, or once it is used again.) Where the mark
cannot be seen, the signed file tells: while the process lives it is touched every few seconds.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import re
import socket
import tempfile
import threading
import time
import uuid
from collections import Counter
from functools import cache
from pathlib import Path
from typing import IO

from neuplug.storage.atomic import process_id, write_text

BEAT_SECONDS = 5.0
# An owner on another host that has not touched its file for so long counts as dead
STALE_SECONDS = 60.0

_OLD_SECONDS = 7 * 24 * 3600


class Owner:
    """This process, as others see it.

    Attributes:
        id: See :func:`neuplug.storage.atomic.process_id`.
    """

    def __init__(self) -> None:
        self.id = process_id()
        self._signed: Counter[Path] = Counter()
        self._mark, self._held = _new_mark(self.id)
        self._lock = threading.Lock()
        self._beating = False
        atexit.register(self._leave)

    def sign(self, file: Path) -> None:
        """Make ``file`` this process's, and touch it until it is released as often as signed.

        Raises:
            StorageError: If it cannot be written.
        """
        about = {"id": self.id, "host": socket.gethostname(), "pid": os.getpid()}
        with self._lock:
            if not self._signed[file] or not file.is_file():
                write_text(file, json.dumps(about))
            self._signed[file] += 1
            if not self._beating:
                self._beating = True
                threading.Thread(target=self._beat, daemon=True, name="neuplug-owner").start()

    def release(self, file: Path) -> None:
        """Remove ``file``, unless it has been signed more often than released."""
        with self._lock:
            if self._forget(file):
                with contextlib.suppress(OSError):
                    file.unlink()

    def forget(self, file: Path) -> None:
        """Touch ``file`` no more, and leave it where it is, which may be another's in a moment."""
        with self._lock:
            self._forget(file)

    def _forget(self, file: Path) -> bool:
        self._signed[file] -= 1
        if self._signed[file] > 0:
            return False
        del self._signed[file]
        return True

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            with self._lock:
                signed = list(self._signed)
            for file in signed:
                with contextlib.suppress(OSError):
                    os.utime(file)

    def _leave(self) -> None:
        if owner() is not self:  # a forked child has one of its own
            return
        for file in list(self._signed):
            with contextlib.suppress(OSError):
                file.unlink()
        if self._held is not None:
            self._held.close()
        if self._mark is not None:
            self._mark.unlink(missing_ok=True)


def owner() -> Owner:
    """This process."""
    return _owner(process_id())


@cache
def _owner(name: str) -> Owner:
    del name  # part of the cache key: a forked child is a process of its own
    return Owner()


def is_alive(file: Path) -> bool:
    """Whether the process that signed ``file`` lives; one that nobody signed has no owner."""
    try:
        about = json.loads(file.read_text("utf-8"))
        if about["id"] == owner().id:
            return True
        here = about["host"] == socket.gethostname()
        if here and (held := _is_locked(_mark(about["id"]))) is not None:
            return held
        return _seconds_since(file) < STALE_SECONDS
    except (OSError, ValueError, KeyError, TypeError):
        return False


def signed_by(file: Path) -> str:
    """``process 12 on host``, of the process that signed ``file``; empty if none did."""
    try:
        about = json.loads(file.read_text("utf-8"))
        return f"process {int(about['pid'])} on {about['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _seconds_since(file: Path) -> float:
    """The age of a file by the clock of the disk that it is on, which may be another host's."""
    probe = file.with_name(f".now-{uuid.uuid4().hex}")
    try:
        probe.touch()
        now = probe.stat().st_mtime
    except OSError:
        now = time.time()
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return now - file.stat().st_mtime


def _mark(owner_id: str) -> Path:
    """Where the mark of an owner on this host is: by its id alone, which others may have written.

    Raises:
        ValueError: If that is no id.
    """
    if not re.fullmatch("[0-9a-f]{32}", owner_id):
        raise ValueError(f"{owner_id!r} is no owner")
    user = getattr(os, "getuid", lambda: 0)()
    return Path(tempfile.gettempdir()) / f"neuplug-{user}" / owner_id


def _new_mark(owner_id: str) -> tuple[Path | None, IO[bytes] | None]:
    """A locked file on this host; none where that cannot be had."""
    mark = _mark(owner_id)
    try:
        mark.parent.mkdir(mode=0o700, exist_ok=True)
        held = mark.open("wb")
        _lock(held)
        _remove_old(mark.parent)
    except OSError:
        return None, None
    return mark, held


def _remove_old(folder: Path) -> None:
    """Remove the marks of processes that have been gone so long that nobody asks for them."""
    for mark in folder.iterdir():
        with contextlib.suppress(OSError):
            old = mark.stat().st_mtime < time.time() - _OLD_SECONDS
            if old and _is_locked(mark) is False:
                mark.unlink()


def _is_locked(mark: Path) -> bool | None:
    """Whether some process holds a mark; ``None`` if that cannot be known."""
    try:
        with mark.open("rb+") as file:
            if not _lock(file):
                return True
    except OSError:
        return None
    return False


def _lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed; false if another has it locked.

    Raises:
        OSError: If the file system has no locks.
    """
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True
