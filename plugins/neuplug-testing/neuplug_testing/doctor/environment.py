"""Environment variables that change what a run does."""

from __future__ import annotations

import os

from neuplug.errors import InputError, did_you_mean
from neuplug_testing.doctor.finding import Part

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
    from neuplug.experiment.config import ENVIRONMENT, ComposeConfig, resolve

    facts = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(OWN) or name in OTHERS
    }
    part = Part("environment", facts)
    settings = {name: value for name, value in facts.items() if name.startswith(ENVIRONMENT)}
    if settings:
        try:
            resolve(flags={"clf": ["any"]}, environment=settings)
        except InputError as error:
            names = ", ".join(settings)
            part.fault(f"every run is refused because of {names}: {error}", f"unset {names}")
    known = [*KNOWN, *(f"{ENVIRONMENT}{field}".upper() for field in ComposeConfig.model_fields)]
    for name in facts:
        if name.startswith(OWN) and name not in (*KNOWN, *settings):
            said = f"neuplug knows no variable {name}.{did_you_mean(name, known)}"
            part.warn(said, f"correct it, or unset {name}")
    strict = facts.get("NEUPLUG_STRICT", "")
    if strict not in ("", "0", "1"):
        said = f"NEUPLUG_STRICT={strict} has no effect"
        part.warn(said, "write NEUPLUG_STRICT=1, or unset it")
    return part
