"""What code does to the world around it: connections, files, processes, held-out images.

Python's audit events tell of these, whatever library asks for them. What a compiled library does
on its own, without Python, goes unseen, and so does all that another process does.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing.process
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import platformdirs

from neuplug.storage.store import cache_dir

_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKING_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
# where in its arguments the path is that an event changes, and the folder it is relative to, if any
_CHANGING: dict[str, tuple[int, int | None]] = {
    "os.remove": (0, 1),
    "os.rmdir": (0, 1),
    "os.mkdir": (0, 2),
    "os.chmod": (0, 2),
    "os.truncate": (0, None),
    "os.rename": (1, 3),
    "os.link": (1, 3),
    "os.symlink": (1, 2),
}
_STARTING = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """What happened while it was on.

    Args:
        folder: Where files may be written, besides the system's folder for passing ones and those
            where programs keep caches and settings; of neuplug's, all but its data and results.

    Attributes:
        connections: What was to be connected to or looked up; every attempt was refused.
        files: What was changed outside of ``folder``.
        processes: What was started.
        reads: What was read of the data sets that neuplug keeps.
    """

    def __init__(self, folder: Path) -> None:
        self.connections: list[str] = []
        self.files: list[str] = []
        self.processes: list[str] = []
        self.reads: list[str] = []
        self._folder = folder.resolve()
        self._here = Path.cwd().resolve()
        self._data = (cache_dir() / "data").resolve()
        self._own = (self._data, (cache_dir() / "store").resolve())
        # libraries, such as matplotlib, keep caches and settings of their own
        places = [Path(tempfile.gettempdir()), cache_dir()]
        places += [platformdirs.user_cache_path(), platformdirs.user_config_path()]
        if matplotlib := os.environ.get("MPLCONFIGDIR"):
            places.append(Path(matplotlib))
        self._passing = [place.resolve() for place in (*places, Path("/dev"))]

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Note an audit event.

        Raises:
            OSError: For one that would reach the network.
        """
        if event in _CONNECTING and isinstance(args[1], tuple):  # a local socket has a path
            self.connections.append(f"a connection to {args[1][0]}")
            raise OSError("neuplug_testing lets nothing reach the network")
        if event in _LOOKING_UP:
            self.connections.append(f"a look-up of {args[0]}")
            raise OSError("neuplug_testing lets nothing reach the network")
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITES:
            self._change(_resolved(args[0]))
        elif event == "open":
            self._read(_resolved(args[0]))
        elif event in _CHANGING:
            path, base = _CHANGING[event]
            place = _resolved(args[path], -1 if base is None else args[base])
            if event != "os.mkdir" or place is None or not place.is_dir():
                self._change(place)
        elif event in _STARTING:
            self.processes.append(f"{event} {args[1] if len(args) > 1 else ''}".strip())

    def _change(self, place: Path | None) -> None:
        if place is None or "__pycache__" in place.parts or place.is_relative_to(self._folder):
            return
        passing = any(place.is_relative_to(p) for p in self._passing)
        kept = any(place.is_relative_to(p) for p in (self._here, *self._own))
        if (kept or not passing) and str(place) not in self.files:
            self.files.append(str(place))

    def _read(self, place: Path | None) -> None:
        if place is not None and place.is_relative_to(self._data):
            self.reads.append(str(place))


def _resolved(path: Any, base: int = -1) -> Path | None:
    """The whole path, or ``None`` where it cannot be told.

    Args:
        path: As a function of the module ``os`` was given it.
        base: Its ``dir_fd``, the open folder to which it is relative; -1 for the working folder.
    """
    if isinstance(path, int) or path is None:
        return None  # an open file
    try:
        name = os.fsdecode(path)
        if base != -1 and not os.path.isabs(name):  # noqa: PTH117
            name = os.path.join(os.readlink(f"/proc/self/fd/{base}"), name)  # noqa: PTH115, PTH118
        # not resolve(): links would be read for every file that anybody opens
        return Path(os.path.abspath(name))  # noqa: PTH100
    except (OSError, TypeError, ValueError):
        return None  # without /proc, nobody knows which folder is open


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[Watch]:
    """Watch while the block runs, in a working folder of its own.

    Args:
        folder: Where files may be written.
    """
    global _active
    with tempfile.TemporaryDirectory(prefix="neuplug-here-") as here, working_in(Path(here)):
        found = Watch(folder)
        start = _noted(found.processes)
        with mock.patch.object(multiprocessing.process.BaseProcess, "start", start):
            _listen()
            _active = found
            try:
                yield found
            finally:
                _active = None
        # what compiled libraries write raises no event
        left = [str(path) for path in Path(here).rglob("*") if str(path) not in found.files]
        found.files.extend(left)


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make ``folder`` the working folder in the block; what could be imported still can."""
    before = list(sys.path)
    sys.path[:] = [os.path.abspath(entry) for entry in before]  # noqa: PTH100
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path[:] = before


def _noted(processes: list[str]) -> Any:
    start = multiprocessing.process.BaseProcess.start

    def noted(process: multiprocessing.process.BaseProcess) -> None:
        processes.append(f"multiprocessing {process.name}")
        start(process)

    return noted


_active: Watch | None = None


@functools.cache
def _listen() -> None:
    """An audit hook stays for the life of the process; without a watch it does nothing."""
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _active is not None:
        _active.hear(event, args)
