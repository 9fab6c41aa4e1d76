"""Files: names that any disk takes, content nobody sees half of, sentences where that fails.

A claim is being the only one to work on something, among threads, processes and hosts: a locked
file. The system lets go of the lock when the process ends, however it ends, and over a shared disk
too; a file that nobody has locked is one that a killed process has left.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from filelock import BaseFileLock, FileLock, Timeout, UnixFileLock

from neuplug.errors import StorageError
from neuplug.text import guarded, printable

_UNFINISHED = re.compile(r"\.[0-9a-f]{32}(\.lock)?")
_DIGEST = hashlib.sha256().digest_size
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.ENOTDIR: "a file is in the place of a folder",
    errno.EEXIST: "a file is in the place of a folder",
}
# Faults that are the disk's, whoever writes: never a plugin's
OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


SPECIAL = "no regular file, but a pipe, socket or device"


def is_special(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder: reading it may never end."""
    return path.exists() and not path.is_file() and not path.is_dir()


def unfinished_name() -> str:
    """A new name for what is being written."""
    return f".{uuid.uuid4().hex}"


def is_unfinished(path: Path) -> bool:
    """Whether that is an :func:`unfinished_name`, or the lock of who writes there."""
    return _UNFINISHED.fullmatch(path.name) is not None


@contextlib.contextmanager
def storing(place: Path) -> Iterator[None]:
    """Turn a fault of the disk into a sentence.

    Args:
        place: The folder that is written to, for a fault that names no file.

    Raises:
        StorageError: In place of any :class:`OSError`.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(error, place) from error


def storage_error(error: OSError, place: Path) -> StorageError:
    """What to say of a fault of the disk.

    Args:
        error: The fault.
        place: The folder that was written to.
    """
    what = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return StorageError(
        f"{place} cannot be written: {what}. What is done is kept. Make room there or choose "
        "another folder (NEUPLUG_CACHE for the cache, --project for runs), and type the same "
        "command again to resume."
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path`` and put it in place in one step; folders are made.

    Raises:
        StorageError: If the disk is full, read-only or not to be written.
    """
    aside = path.with_name(unfinished_name())
    with storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # not synced to the disk: what a power cut leaves half-written is found by its hash
            aside.write_bytes(content)
            replace(aside, path)
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()


def replace(source: Path, target: Path) -> None:
    """Rename a file over another; on Windows that waits until nobody has the other open.

    A folder in the place of the file is renamed, so that nothing is lost.
    """
    for attempt in range(20):
        try:
            source.replace(target)
            return
        except (IsADirectoryError, PermissionError):
            if target.is_dir():
                target.rename(target.with_name(f"{target.name}.damaged-{uuid.uuid4().hex[:8]}"))
            elif os.name != "nt" or attempt == 19:
                raise
            else:
                time.sleep(0.05)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, replacing it in one step."""
    write_whole(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, replacing it in one step.

    Raises:
        ValueError: If a number is not finite, which JSON cannot say.
    """
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checked(path: Path, content: bytes) -> None:
    """Write a file behind its own SHA-256, so that :func:`read_checked` knows it whole."""
    write_whole(path, hashlib.sha256(content).digest() + content)


def read_checked(path: Path) -> bytes | None:
    """What :func:`write_checked` wrote; ``None`` if it is missing or damaged in any way."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, content = content[:_DIGEST], content[_DIGEST:]
    return content if hashlib.sha256(content).digest() == digest else None


def remove(path: Path) -> None:
    """Remove a file or folder as far as that is possible."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


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


_LONGEST_NAME = 60  # bytes of a name within file names: a path of Windows has 260 characters
_UNSAFE = frozenset('<>:"/\\|?*')
_DEVICE = re.compile(  # of Windows, whatever the suffix
    r"(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?=\s*(?:\.|$))", re.IGNORECASE
)


def safe_name(text: str) -> str:
    """Part of a file name on every system; empty if nothing is left."""
    composed = unicodedata.normalize("NFC", text)
    text = "".join("_" if c in _UNSAFE or printable(c) != c else c for c in composed)
    text = _DEVICE.sub(r"\1_", text.strip(" .").lstrip(" .-=+@"), count=1)
    return _shortened(text) if len(text.encode()) > _LONGEST_NAME else text


def _shortened(text: str, whole: str = "") -> str:
    """The text cut to what leaves room for a hash of it, or of the whole."""
    digest = hashlib.sha256((whole or text).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    start = text.encode()[: _LONGEST_NAME - 9].decode(errors="ignore")
    return f"{start}-{digest}"


def file_names(texts: Iterable[str], blank: str) -> list[str]:
    """A safe name for each text, no two of them the same on any disk.

    A text that is no such name as it is gets a hash of it at its end; so does one whose name an
    earlier one has, on a disk that sees no difference between ``A`` and ``a``, or that spells
    accents in another way.

    Args:
        texts: Whatever names came from outside.
        blank: Stands for a text of which nothing is left.
    """
    names: dict[str, str] = {}  # as a disk compares them
    for text in texts:
        name, number = safe_name(text) or blank, 1
        if name != text or _on_disk(name) in names:
            name = base = _shortened(name, text)
        while _on_disk(name) in names:  # the same text twice
            number += 1
            name = f"{base}~{number}"
        names[_on_disk(name)] = name
    return list(names.values())


def _on_disk(name: str) -> str:
    """What a disk compares that looks at neither letter case nor the spelling of accents."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def write_csv(path: Path, head: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    """Write a table as CSV, whole or not at all; text is :func:`neuplug.text.guarded`.

    Raises:
        StorageError: If it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(map(guarded, row) for row in (head, *rows))
    write_text(path, text.getvalue())
