"""Forks the command ``neuplug`` from a process that has loaded torch: it begins in no time.

A connection to the socket that is named on the command line brings the words, the environment and
the folder as a line of JSON, and with it a file descriptor for all output. The answers are a line
with the number of the process, and when it has ended one with its exit code. (A process that has
trained cannot fork one that trains, so that this one never does.)
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback

LOADED = (
    "torch._dynamo", "scipy.ndimage", "sklearn.metrics",
    "neuplug.cli.compose", "neuplug.experiment.runfolder", "neuplug.experiment.planning",
    "neuplug.experiment.executors.local", "neuplug.experiment.analysis.collect",
)  # fmt: skip


def become(asked: dict[str, object], output: int) -> int:
    """Be the command, in a session of its own, and say how it ends."""
    from neuplug.cli import main

    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python has it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[arg-type]
    os.chdir(str(asked["folder"]))
    time.tzset()
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [str(asked["folder"]), *filter(None, paths)]
    words = [str(word) for word in asked["words"]]  # type: ignore[attr-defined]
    sys.argv = ["neuplug", *words]
    return main(words)


def main(address: str) -> None:
    """Serve until whoever started this closes its standard input."""
    for name in LOADED:
        importlib.import_module(name)
    with contextlib.suppress(ImportError):  # networks of it are slow to load, where they are here
        importlib.import_module("torchvision")
    running: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([server, sys.stdin], [], [], 0.02 if running else None)
            if sys.stdin in ready:
                return
            if server in ready:
                connection, _ = server.accept()
                message, (output,), _, _ = socket.recv_fds(connection, 1 << 20, 1)
                if not (pid := os.fork()):
                    code = 1
                    try:
                        server.close()
                        connection.close()
                        code = become(json.loads(message), output)
                    except BaseException:
                        traceback.print_exc()
                    finally:
                        with contextlib.suppress(OSError):
                            sys.stdout.flush()
                            sys.stderr.flush()
                        os._exit(code)
                os.close(output)
                connection.sendall(f"{pid}\n".encode())
                running[pid] = connection
            for pid in list(running):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    with running.pop(pid) as connection, contextlib.suppress(OSError):
                        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1])
