"""Environment variables that change what a run does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from neuplug.errors import InputError, did_you_mean
from neuplug_testing.doctor.finding import Finding, Part

TOPIC = "environment"
OWN = "NEUPLUG_"
KNOWN = (
    *("NEUPLUG_BLOCK", "NEUPLUG_CACHE", "NEUPLUG_STRICT"),
    *("NEUPLUG_TEST_DATA", "NEUPLUG_TEST_INSTALL"),
)
# By name, not by prefix: a token must not get into what people show each other
OTHERS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    *("CUDA_VISIBLE_DEVICES", "TORCH_HOME", "XDG_CACHE_HOME", "TMPDIR", "MPLCONFIGDIR"),
    *("NO_ALBUMENTATIONS_UPDATE", "HF_HUB_OFFLINE", "NO_COLOR", "PYTHONPATH"),
)


def look() -> Part:
    """The variables that are set, by name; all of ours, and those of others that matter."""
    facts = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(OWN) or name in OTHERS
    }
    return Part(facts, [*_judge_own(facts), *_judge_threads(facts)])


def _judge_own(facts: Mapping[str, str]) -> Iterator[Finding]:
    from neuplug.experiment.config import ENVIRONMENT, ComposeConfig, resolve

    settings = {name: value for name, value in facts.items() if name.startswith(ENVIRONMENT)}
    if settings:
        try:
            resolve(flags={"clf": ["any"]}, environment=settings)
        except InputError as error:
            names = ", ".join(settings)
            yield Finding(
                TOPIC, "fault", f"every run is refused over {names}: {error}", f"unset {names}"
            )
    known = [*KNOWN, *(f"{ENVIRONMENT}{field}".upper() for field in ComposeConfig.model_fields)]
    for name in facts:
        if name.startswith(OWN) and name not in (*KNOWN, *settings):
            said = f"neuplug knows no variable {name}.{did_you_mean(name, known)}"
            yield Finding(TOPIC, "warning", said, f"correct it, or unset {name}")
    if facts.get("NEUPLUG_STRICT", "") not in ("", "0", "1"):
        said = f"NEUPLUG_STRICT={facts['NEUPLUG_STRICT']} has no effect"
        yield Finding(TOPIC, "warning", said, "write NEUPLUG_STRICT=1, or unset it")


def _judge_threads(facts: Mapping[str, str]) -> Iterator[Finding]:
    value = facts.get("OMP_NUM_THREADS")
    if value is None:
        return
    cores = os.cpu_count()
    first = value.partition(",")[0].strip()
    if not first.isdecimal() or first == "0":
        said = f"OMP_NUM_THREADS={value} is no number of threads, so it has no effect"
        yield Finding(TOPIC, "warning", said, "write a whole number, or unset it")
    elif cores and int(first) > cores:
        said = f"OMP_NUM_THREADS={value} asks for more threads than the {cores} cores"
        yield Finding(TOPIC, "warning", said, f"at most {cores}, or unset it: more are slower")
