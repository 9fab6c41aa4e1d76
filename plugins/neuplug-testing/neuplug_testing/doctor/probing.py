"""Starts the process that loads what a run loads, and hears what it has to say."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from neuplug_testing.doctor.finding import COMPONENT, Part

# How long it may take; a choice, long enough for cold disks
SECONDS = 300

_NO_TORCH = (
    *("torch is imported", "torch cannot be imported"),
    "pip install --force-reinstall torch, in the build for this machine (pytorch.org)",
)
_AGAIN = "pip install --force-reinstall neuplug"
# Steps that every run needs: when the process died, what an error means, and what to do
STEPS = {
    "origin": _NO_TORCH,
    "torch": _NO_TORCH,
    "gpu": (
        *("the GPU is asked", "the GPU cannot be asked"),
        "CUDA_VISIBLE_DEVICES= hides the GPU",
    ),
    "run": ("neuplug is loaded", "neuplug cannot be loaded", _AGAIN),
    "plugins": ("plugins are discovered", "plugins cannot be discovered", _AGAIN),
}


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
        probed.end = f"does not finish within {seconds:g} s"
    else:
        probed.hear(done.stdout.decode("utf-8", "replace"))
        if done.returncode:
            probed.end = _end(done.returncode, done.stderr.decode("utf-8", "replace"))
    return probed


def _end(code: int, said: str) -> str:
    if code < 0:
        return f"is killed by {signal.Signals(-code).name}"
    words = [line for line in said.splitlines() if line.strip()]
    return f"ends with exit code {code}" + (f" ({words[-1].strip()})" if words else "")


def look(probed: Probed) -> Part:
    """What went wrong: what every run needs is a fault, a single component a warning."""
    part = Part("loading", asdict(probed))
    for step, (doing, failing, advice) in STEPS.items():
        said = _failure(probed, step, doing, failing)
        if said and advice is _NO_TORCH[-1] and (file := _shadowing(probed)):
            part.fault(
                f"{said} (it is taken from {file})",
                f"remove {file}, or take its folder out of PYTHONPATH: it hides the installed "
                "torch",
            )
        elif said:
            part.fault(said, advice)
    if probed.end and not probed.last:
        if probed.found:
            said = f"Python {probed.end} when it exits after loading everything"
            part.warn(said, "pip install --force-reinstall torch")
        else:
            said = f"what a run loads could not be tested: Python {probed.end}"
            part.fault(said, f"{_AGAIN} torch")
    for step in {**probed.errors, probed.last: ""}:
        if step.startswith(COMPONENT):
            _judge_component(part, probed, step)
    return part


def _failure(probed: Probed, step: str, doing: str, failing: str) -> str:
    """What became of a step, if anything went wrong."""
    if step in probed.errors:
        return f"{failing}: {probed.errors[step]}"
    return f"Python {probed.end} when {doing}" if step == probed.last else ""


def _judge_component(part: Part, probed: Probed, step: str) -> None:
    name = step.removeprefix(COMPONENT)
    said = probed.errors.get(step) or (
        f"Python {probed.end} when {name} is loaded; components after it were not checked"
    )
    distribution = name.partition(":")[0]
    part.warn(
        said,
        f"pip install --force-reinstall {distribution}, or leave it out: "
        f"NEUPLUG_BLOCK={distribution}",
    )


def _shadowing(probed: Probed) -> str | None:
    """The file that stands before the installed torch, if any."""
    about = probed.facts("origin")
    origin, installed = about.get("origin"), about.get("installed")
    return origin if origin and installed and origin != installed else None
