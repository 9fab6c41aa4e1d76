"""Starts the process that loads what a run loads, and hears what it has to say."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from neuplug_testing.doctor.finding import Finding
from neuplug_testing.doctor.probe import COMPONENT

# How long it may take; a choice, long enough for cold disks
SECONDS = 300

TOPIC = "loading"


@dataclass
class Probed:
    """What the process said.

    Attributes:
        found: Step to what it found.
        errors: Step to the exception that ended it.
        last: The step in which the process ended before its time, or empty.
        end: How it ended then, to follow ``Python``; empty where it ended well.
    """

    found: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    last: str = ""
    end: str = ""

    def facts(self, step: str) -> dict[str, Any]:
        """What a step found, or nothing."""
        facts: dict[str, Any] = self.found.get(step) or {}
        return facts

    def hear(self, output: str) -> None:
        """Take in its lines; one that was cut short says nothing."""
        for line in output.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            step = entry["step"]
            self.last = ""
            if "error" in entry:
                self.errors[step] = entry["error"]
            elif "found" in entry:
                self.found[step] = entry["found"]
            else:
                self.last = step


def probe(seconds: float = SECONDS) -> Probed:
    """Load what a run loads, in a process like its workers."""
    # -P: nothing in the working folder can stand in for a module
    command = [sys.executable, "-P", "-m", "neuplug_testing.doctor.probe"]
    probed = Probed()
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as late:
        probed.hear((late.stdout or b"").decode("utf-8", "replace"))
        probed.end = f"does not come to an end within {seconds:g} s"
    else:
        probed.hear(done.stdout.decode("utf-8", "replace"))
        if done.returncode:
            probed.end = _end(done.returncode, done.stderr.decode("utf-8", "replace"))
    return probed


def _end(code: int, said: str) -> str:
    if code < 0:
        return f"dies by {signal.Signals(-code).name}"
    words = [line for line in said.splitlines() if line.strip()]
    return f"ends with exit code {code}" + (f" ({words[-1].strip()})" if words else "")


def judge(probed: Probed) -> Iterator[Finding]:
    """What went wrong: what every run needs is a fault, a single component a warning."""
    if "torch" in probed.errors or probed.last in ("origin", "torch"):
        what = probed.errors.get("torch")
        said = f"torch cannot be imported: {what}" if what else _died(probed, "torch is imported")
        yield Finding(TOPIC, "fault", said + _where(probed), _torch_advice(probed))
        return
    if "run" in probed.errors or probed.last == "run":
        what = probed.errors.get("run")
        said = f"neuplug cannot be loaded: {what}" if what else _died(probed, "neuplug is loaded")
        yield Finding(TOPIC, "fault", said, "pip install --force-reinstall neuplug")
    for step in ("origin", "gpu", "plugins"):
        if step in probed.errors:
            yield _untried(probed.errors[step])
    if probed.last == "gpu":
        said = _died(probed, "the GPU is asked")
        yield Finding(TOPIC, "fault", said, "CUDA_VISIBLE_DEVICES= leaves the GPU out of play")
    elif probed.last == "plugins" or (probed.end and not probed.last and not probed.found):
        yield _untried(f"Python {probed.end}")
    elif probed.end and not probed.last:
        said = _died(probed, "it has loaded everything and is to end")
        yield Finding(TOPIC, "warning", said, "pip install --force-reinstall torch")
    for step, error in probed.errors.items():
        if step.startswith(COMPONENT):
            yield _component(step, error)
    if probed.last.startswith(COMPONENT):
        name = probed.last.removeprefix(COMPONENT)
        said = _died(probed, f"{name} is loaded") + "; components after it were not looked at"
        yield _component(probed.last, said)


def _died(probed: Probed, what: str) -> str:
    return f"Python {probed.end} when {what}"


def _component(step: str, said: str) -> Finding:
    distribution = step.removeprefix(COMPONENT).partition(":")[0]
    return Finding(
        TOPIC,
        "warning",
        said,
        f"pip install --force-reinstall {distribution}, or leave it out: "
        f"NEUPLUG_BLOCK={distribution}",
    )


def _untried(why: str) -> Finding:
    said = f"what a run loads could not be tried out: {why}"
    return Finding(TOPIC, "fault", said, "pip install --force-reinstall neuplug torch")


def _shadowed(probed: Probed) -> str | None:
    """The file that stands before the installed torch, if any."""
    about = probed.facts("origin")
    origin, installed = about.get("origin"), about.get("installed")
    return origin if origin and installed and origin != installed else None


def _where(probed: Probed) -> str:
    file = _shadowed(probed)
    return f" (it is taken from {file})" if file else ""


def _torch_advice(probed: Probed) -> str:
    if file := _shadowed(probed):
        return f"remove {file}, or take its folder out of PYTHONPATH: it hides the installed torch"
    return "pip install --force-reinstall torch, in the build for this machine (pytorch.org)"
