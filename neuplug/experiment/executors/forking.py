"""Worker processes, forked from one that has loaded torch, so that each begins at once.

Light: that process is started before its own parent loads torch, so that both do so side by side.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

PROGRAM = "neuplug.experiment.executors.local"
PATIENCE_SECONDS = 5.0


def start(ends: int, log: Path | None, *words: str, one_thread: bool) -> subprocess.Popen[bytes]:
    """Start a process of this module's kind.

    Args:
        ends: Its standard input and output, or ``subprocess.PIPE``.
        log: What it prints goes to the end of this file.
        words: The store and the device of a worker; a server that forks workers has none.
        one_thread: Whether libraries are to compute with one thread, from when they are loaded.
    """
    with contextlib.ExitStack() as stack:
        return subprocess.Popen(
            # -P: nothing in the working folder can stand in for a module
            [sys.executable, "-P", "-m", PROGRAM, *words],
            stdin=ends,
            stdout=ends,
            stderr=stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process, which stops its workers
            env=os.environ | ({"OMP_NUM_THREADS": "1"} if one_thread else {}),
        )


def end(process: subprocess.Popen[bytes]) -> int:
    """The exit code, when it has ended; it is killed if that takes long."""
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class ForkServer:
    """A process that forks workers, which compute with one thread on the processor.

    Only on Linux is that safe; elsewhere, or where a library has started threads when it was
    loaded, none can be forked. When this process ends, so do the server and its workers.

    Args:
        log: What it and its workers print goes to the end of this file.
    """

    def __init__(self, log: Path | None) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.control, theirs = socket.socketpair()
        with theirs:
            if sys.platform == "linux":
                self.process = start(theirs.fileno(), log, one_thread=True)

    def fork(self, *words: str) -> socket.socket | None:
        """The other end of a new worker's standard input and output; ``None`` if there is none.

        When the worker has ended, its exit code stands in the last line of its output.

        Args:
            words: See :func:`start`.
        """
        if self.process is None:
            return None
        ours, theirs = socket.socketpair()
        with theirs, contextlib.suppress(OSError):  # where the server has ended
            passed = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", theirs.fileno()))
            self.control.sendmsg([json.dumps(words).encode()], [passed], socket.MSG_NOSIGNAL)
            return ours
        ours.close()
        return None

    def close(self) -> None:
        """End it and its workers."""
        self.control.close()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            end(self.process)


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
