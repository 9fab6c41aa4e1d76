"""The command ``neuplug`` as a process of its own, for tests of what processes do to each other."""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


class Command:
    """A running ``neuplug``, with what tests need of ``subprocess.Popen``; see ``start``."""

    def __init__(self, words: tuple[str, ...], folder: Path, environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        self._output = os.fdopen(reading, encoding="utf-8")
        self._said = ""
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_server())
        asked = {"words": words, "folder": str(folder), "environment": environment}
        socket.send_fds(self._connection, [json.dumps(asked).encode()], [writing])
        os.close(writing)
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code if it has ended."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """The exit code, once it has ended."""
        if self.returncode is None:
            self.returncode = int(self._answers.readline())
            self._connection.close()
        return self.returncode

    def hear(self, words: str) -> None:
        """Wait until it has printed these."""
        while words not in self._said:
            line = self._output.readline()
            assert line, self._said
            self._said += line

    def communicate(self) -> tuple[str, None]:
        """All that it has printed, once it has ended."""
        with self._output:
            text = self._said + self._output.read()
        self.wait()
        return text, None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start(*words: str, folder: Path, **environment: str) -> Command:
    """Begin ``neuplug`` with these words in this folder, by a fork of a process that has torch."""
    return Command(words, folder, {**os.environ, **environment})


@functools.cache
def _server() -> str:
    address = str(Path(tempfile.mkdtemp()) / "socket")
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("command_server.py")), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"ready\n"
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return address
