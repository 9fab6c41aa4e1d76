"""Worker processes, forked from one that has loaded torch, so that each begins at once.

Light: that process is started before its own parent loads torch, so that both do so side by side.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from neuplug.text import printable

PROGRAM = "neuplug.experiment.executors.local"
PATIENCE_SECONDS = 5.0
# What says how many threads libraries start when they are loaded
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Started(NamedTuple):
    """A worker.

    Attributes:
        process: Of its own; ``None`` of a forked one, whose output ends with its exit code.
        stdin: Its standard input.
        stdout: Its standard output.
        hang_up: Makes it end.
    """

    process: subprocess.Popen[bytes] | None
    stdin: Any
    stdout: Any
    hang_up: Callable[[], None]


class WorkerStarter:
    """Starts workers: by forking where that can be, else each as a process of its own.

    Only on Linux is forking safe, for workers that compute on the processor, and not where a
    library starts threads when it is loaded.

    Args:
        log: What workers print goes to the end of this file.
    """

    def __init__(self, log: Path | None) -> None:
        self.log = log
        self.readers: list[threading.Thread] = []
        self.server: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the process that is to fork; it ends, and all that it has forked, with this one."""
        if sys.platform == "linux" and self.server is None:
            self.control, theirs = _socketpair()
            with theirs:
                self.server = self._start(theirs.fileno())

    def start(self, store: str, device: str) -> Started:
        """Start a worker."""
        if self.server is not None and device == "cpu":
            ours, theirs = _socketpair()
            with theirs, contextlib.suppress(OSError):  # where the server has ended
                passed = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", theirs.fileno()))
                message = json.dumps([store, device]).encode()
                self.control.sendmsg([message], [passed], socket.MSG_NOSIGNAL)
                hang_up = functools.partial(ours.shutdown, socket.SHUT_RDWR)
                return Started(None, ours.makefile("wb"), ours.makefile("rb"), hang_up)
            ours.close()
        process = self._start(subprocess.PIPE, store, device)
        return Started(process, process.stdin, process.stdout, process.terminate)

    def _start(self, ends: int, *words: str) -> subprocess.Popen[bytes]:
        one_thread = dict.fromkeys(THREADS, "1") if words[1:] in ((), ("cpu",)) else {}
        process = subprocess.Popen(
            # -P: nothing in the working folder can stand in for a module
            [sys.executable, "-P", "-m", PROGRAM, *words],
            stdin=ends,
            stdout=ends,
            stderr=subprocess.PIPE if self.log else subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process, which stops its workers
            env=os.environ | one_thread,
        )
        if self.log:
            about = (process.stderr, self.log)
            self.readers.append(threading.Thread(target=_write_down, args=about, daemon=True))
            self.readers[-1].start()
        return process

    def close(self) -> None:
        """End the server and all that it has forked."""
        if self.server is not None:
            self.control.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGTERM)
            end(self.server)
            self.server = None
        for reader in self.readers:
            reader.join(1.0)  # a process that a plugin has started may hold the other end


def _socketpair() -> tuple[socket.socket, socket.socket]:
    """Sockets that wait as long as it takes, whatever timeout this program gives new ones."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(True)
    return ours, theirs


def _write_down(output: IO[bytes], log: Path) -> None:
    """Add what workers print to the log, as lines that nobody can forge."""
    with output:
        for line in output:
            text = printable(line.decode("utf-8", "surrogateescape").rstrip("\r\n"))
            with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")


def end(process: subprocess.Popen[bytes]) -> int:
    """The exit code, when it has ended; it is killed if that takes long."""
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def serve(work: Callable[..., None]) -> None:
    """Be the server: fork a process that does ``work`` for each message on standard input.

    It ends when the other end of standard input is closed and all that it has forked have ended.
    """
    control = socket.socket(fileno=os.dup(0))
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which ends the workers
    gc.freeze()  # what is never looked at stays shared
    waiting: dict[int, tuple[int, int] | None] = {control.fileno(): None}
    while waiting:
        for ready in select.select(list(waiting), [], [])[0]:
            worker = waiting.pop(ready)
            if worker is not None:
                pid, output = worker
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(OSError):
                    os.write(output, b"\n%d\n" % code)
                os.close(output)
                os.close(ready)
                continue
            message, ends, _, _ = socket.recv_fds(control, 1 << 16, 1)
            if ends:
                waiting[ready] = None
                if not (pid := os.fork()):
                    _become(work, json.loads(message), ends[0])
                waiting[os.pidfd_open(pid)] = (pid, ends[0])


def _become(work: Callable[..., None], words: list[str], ends: int) -> None:
    """Be a worker that has just been forked."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(ends, 0)
        os.dup2(ends, 1)
        os.closerange(3, 1024)  # the server's and other workers'
        work(*words)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)
