"""A process that has torch loaded and forks a run whenever it is told to: a run in no time.

A line of JSON on standard input says which runs to begin at once, and when to send them a signal;
the answer is a line with their exit codes. (A process that has trained cannot fork one that trains,
so that this one never does.)
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import torch

import neuplug
from neuplug import ImageSet
from neuplug.experiment import results, runner  # noqa: F401 - loaded once, for all forks
from neuplug.experiment.executors import local  # noqa: F401

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from neuplug_tests.bars import draw_bars


def run(settings: dict[str, Any]) -> int:
    """Compose, and say what a command would."""
    images = draw_bars(40, settings.pop("images", 0), ImageSet)
    threads = settings.pop("threads", 1)
    said: list[Any] = []

    def one() -> None:
        try:
            result = neuplug.compose(
                images, workers=settings.pop("workers", 0), on_event=told, **settings
            )
            said.append(str(result.verdicts()))
        except neuplug.NeuplugError as error:
            print(f"error: {error}", flush=True)
            said.append(error)
        except Exception:
            traceback.print_exc()
            said.append(None)

    def told(event: Any) -> None:
        if event.event == "said":
            print(f"said: {event.text}", flush=True)

    if threads == 1:
        one()
    else:
        together = [threading.Thread(target=one) for _ in range(threads)]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
    return 0 if all(isinstance(each, str) for each in said) else 1


def fork(settings: dict[str, Any], log: str) -> int:
    """Begin a run in a child; its output goes to a file."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        code = run(settings)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def load_all(asked: dict[str, Any]) -> None:
    """Import what a run does, so that no fork has to."""
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        with Path(os.devnull).open("w") as null, contextlib.redirect_stdout(null):
            run(dict(asked["runs"][0]))
        os.write(writing, json.dumps(sorted(sys.modules)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as modules:
        names = json.loads(modules.read())
    os.waitpid(pid, 0)
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def main() -> None:
    torch.set_num_threads(1)
    loaded: set[str] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ.update(asked["environment"])
        used = str(asked["runs"][0].get("clf"))
        if used not in loaded:
            load_all(asked)
            loaded.add(used)
        pids = [fork(dict(settings), asked["log"]) for settings in asked["runs"]]
        if asked["after"] is not None:
            time.sleep(asked["after"])
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, asked["signal"])
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        print(json.dumps(codes), flush=True)


if __name__ == "__main__":
    main()
