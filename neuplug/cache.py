"""Where neuplug keeps what it can make again, and how a folder gets there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import platformdirs

_ASIDE = ".aside-"
_STALE_SECONDS = 24 * 3600


def cache_dir() -> Path:
    """The cache's folder: ``NEUPLUG_CACHE``, or the user's cache folder of the platform.

    It need not exist. Deleting it loses time, never results.
    """
    own = os.environ.get("NEUPLUG_CACHE")
    return Path(own).expanduser() if own else platformdirs.user_cache_path("neuplug")


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which becomes ``target`` when the block ends well.

    A block that raises, or a process that is killed, leaves no ``target``. Where two processes
    make the same folder at the same time, the first one's stays.

    Args:
        target: The folder to be; its parents are made. If it exists, it stays as it is.

    Raises:
        OSError: If the place cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    aside = target.parent / f"{_ASIDE}{target.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    aside.mkdir()
    try:
        yield aside
        try:
            aside.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True


def _sweep(parent: Path) -> None:
    """Remove what killed processes left, once nothing in it has been written for a day."""
    for left in parent.glob(f"{_ASIDE}*"):
        with contextlib.suppress(OSError):
            if _is_alive(left.name.split("-")[-2]):
                continue  # long work leaves its folder empty until it is done
            newest = max(path.stat().st_mtime for path in (left, *left.rglob("*")))
            if newest < time.time() - _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
