"""A second Python process to which components are sent, as a worker's that was spawned.

It is started when it is needed first and serves until this process ends, or until a new one is
asked for. Starting it is most of the work, for it imports torch and the plugin: so what a plugin's
import does is looked at in the same process that its components are sent to afterwards.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any


class ElsewhereError(Exception):
    """What was sent could not be unpickled or done there; the message says why."""


class _Server:
    def __init__(self) -> None:
        # text hashes otherwise than here, as in any process that is started anew
        environment = {**os.environ, "PYTHONHASHSEED": "20120"}
        code = "from neuplug_testing.elsewhere import serve; serve()"
        self.folder = tempfile.TemporaryDirectory(prefix="neuplug-elsewhere-")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PYTHONPATH": os.pathsep.join(absolute(sys.path))},
        )
        atexit.register(self.process.kill)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        atexit.unregister(self.process.kill)
        self.folder.cleanup()

    def call(self, pickled: bytes) -> bytes:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            pickle.dump((absolute(sys.path), pickled), self.process.stdin)
            self.process.stdin.flush()
            answer: bytes = pickle.load(self.process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.process.kill()
            raise ElsewhereError("the other process died") from None
        return answer


_server: _Server | None = None


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in the other process.

    Args:
        function: Of a module.
        arguments: Pickled on the way there, as is the result on the way back.

    Raises:
        ElsewhereError: If that fails.
    """
    global _server
    try:
        pickled = pickle.dumps((function, arguments))
    except Exception as error:
        raise ElsewhereError(f"it cannot be pickled: {_told(error)}") from error
    if _server is None or _server.process.poll() is not None:
        _server = _Server()
    done, result = pickle.loads(_server.call(pickled))
    if not done:
        raise ElsewhereError(result)
    return result


def renew() -> None:
    """Let the next call have a process in which nothing of a plugin is imported yet."""
    global _server
    if _server is not None:
        _server.end()
        _server = None


def serve() -> None:
    """What the other process does: answer until nobody asks any more."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a component prints must not get in between
    while True:
        try:
            sys.path[:], request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_answer(request), replies)
        replies.flush()


def _answer(request: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(request)
    except Exception as error:
        return pickle.dumps((False, f"it cannot be unpickled in a new process: {_told(error)}"))
    try:
        return pickle.dumps((True, function(*arguments)))
    except Exception as error:
        return pickle.dumps((False, f"in a new process it fails: {_told(error)}"))


def _told(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def absolute(path: list[str]) -> list[str]:
    """Python's path for a process with another working folder."""
    return [os.path.abspath(entry) for entry in path]  # noqa: PTH100
