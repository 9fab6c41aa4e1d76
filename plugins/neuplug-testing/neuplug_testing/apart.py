"""Checking in a process of its own, so that a component that ends its process is an outcome too."""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from neuplug.errors import InputError, NeuplugError
from neuplug_testing.elsewhere import absolute
from neuplug_testing.law import PLUGIN, Outcome

ADVICE = (
    "Raise an exception where something is wrong, which costs one task and not the process; look "
    "above for where a compiled library was."
)

About = tuple[str, str, str]


def iterate_apart(distribution: str, **asked: Any) -> Iterator[Outcome]:
    """As :func:`neuplug_testing.iterate_plugin`, whatever becomes of the process that checks.

    Args:
        distribution: Its name, as pip knows it.
        asked: See there.

    Raises:
        InputError: See there.
    """
    first: int | None = 0
    while first is not None:
        first = yield from _go_on(distribution, asked, first)


def _go_on(
    distribution: str, asked: Mapping[str, Any], first: int
) -> Generator[Outcome, None, int | None]:
    """Check from a law on.

    Returns:
        The number of the law to go on with in another process; ``None`` if there is none.
    """
    command = [sys.executable, "-c", "from neuplug_testing.apart import serve; serve()"]
    cases: list[About] = []
    done = first
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(absolute(sys.path))},
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            with process.stdin:
                pickle.dump((absolute(sys.path), distribution, dict(asked), first), process.stdin)
            for line in process.stdout:
                said = json.loads(line)
                if "refused" in said:
                    raise InputError(said["refused"])
                if "cases" in said:
                    cases = [(case[0], case[1], case[2]) for case in said["cases"]]
                    continue
                yield Outcome(**said)
                done += 1
        finally:
            process.kill()
    if cases and done == len(cases):
        return None
    how = f"It ends the process that checks it ({_told(process.returncode)}). {ADVICE}"
    if not cases:
        yield Outcome(distribution, PLUGIN, "is-discovered", "failed", how)
        return None
    yield from _lost(cases, done, how)
    subject = cases[done][:2]
    rest = [number for number in range(done, len(cases)) if cases[number][:2] != subject]
    return rest[0] if rest else None


def _lost(cases: Sequence[About], broken: int, how: str) -> Iterator[Outcome]:
    """The outcomes of a component that has ended the process."""
    yield Outcome(*cases[broken], "failed", how)
    for case in cases[broken + 1 :]:
        if case[:2] == cases[broken][:2]:
            reason = f"the component ends its process; see the law {cases[broken][2]}"
            yield Outcome(*case, "skipped", reason)


def _told(code: int) -> str:
    names = [found.name for found in signal.Signals if found.value == -code]
    return f"signal {names[0]}" if names else f"exit code {code}"


def serve() -> None:
    """Be that process."""
    signal.signal(signal.SIGINT, lambda *_: None)  # which is for the one that has started it
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    faulthandler.enable()
    sys.path[:], distribution, asked, first = pickle.load(sys.stdin.buffer)

    def say(content: object) -> None:
        replies.write(json.dumps(content) + "\n")
        replies.flush()

    from neuplug_testing.checking import plugin_cases

    try:
        cases = plugin_cases(distribution, **asked)
    except NeuplugError as error:
        say({"refused": str(error)})
        return
    say({"cases": [[case.subject.name, case.subject.kind, case.law.name] for case in cases]})
    for case in cases[first:]:
        say(case.run().as_dict())
