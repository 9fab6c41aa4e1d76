"""Files without content, by their names, and pipes."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


def touch(root: Path, *names: str) -> Path:
    """Make files; their content does not matter, for none is opened."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def numbered(pattern: str, count: int = 3) -> list[str]:
    return [pattern.format(number + 1) for number in range(count)]


def pipe(path: Path, content: bytes) -> Path:
    """Make a pipe; whoever opens it gets the content, so that a test fails and never waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)

    def give() -> None:
        with contextlib.suppress(OSError):  # it may be removed before
            path.write_bytes(content)

    threading.Thread(target=give, daemon=True).start()
    return path
