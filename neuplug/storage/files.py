"""Files: names that any disk takes, content nobody sees half of, sentences where that fails."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from neuplug.errors import StorageError

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


_LONGEST_NAME = 120  # bytes of a name within file names, which may have 255
_UNSAFE = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]'  # controls, too
)
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)  # of Windows


def safe_name(text: str) -> str:
    """Part of a file name on every system; empty if nothing is left."""
    text = _DEVICE.sub(r"\1_", _UNSAFE.sub("_", text).strip(" ."), count=1)
    if len(text.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        start = text.encode()[: _LONGEST_NAME - 9].decode(errors="ignore")
        text = f"{start}-{digest}"
    return text


def file_names(texts: Iterable[str], blank: str) -> list[str]:
    """A safe name for each text, no two of them the same on any disk.

    Args:
        texts: Whatever names came from outside.
        blank: Stands for a text of which nothing is left.
    """
    names: list[str] = []
    used: Counter[str] = Counter()
    for text in texts:
        name = safe_name(text) or blank
        while used[name.casefold()]:
            used[name.casefold()] += 1
            name += f"~{used[name.casefold()]}"
        used[name.casefold()] += 1
        names.append(name)
    return names
