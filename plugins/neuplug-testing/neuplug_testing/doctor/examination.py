"""All the parts of the examination, each of which may fail without the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from neuplug import __version__
from neuplug.plugins.distributions import identity, installed_distributions
from neuplug.plugins.registry import discover
from neuplug_testing.doctor import environment, machine, packages, places, plugins, probing, weights
from neuplug_testing.doctor.finding import Finding, Part, told

SCHEMA = "neuplug_testing.doctor/1"


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        parts: By topic what is there, as JSON values; null where even looking failed.
        findings: What is wrong, faults before warnings.
    """

    parts: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def fine(self) -> bool:
        """Whether nothing would stop a run."""
        return not any(finding.level == "fault" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values; the form is in ``docs/doctor.md``."""
        return {
            "schema": SCHEMA,
            "neuplug": __version__,
            "fine": self.fine,
            **self.parts,
            "findings": [asdict(finding) for finding in self.findings],
        }


def examine() -> Examination:
    """Look at everything that a run rests on. It writes nothing and asks no other machine."""
    probed = probing.probe()
    looks: dict[str, Callable[[], Part]] = {
        "packages": lambda: packages.look(identity(p)[0] for p in installed_distributions()),
        "loading": partial(probing.look, probed),
        "machine": partial(machine.look, probed),
        "places": places.look,
        "plugins": lambda: plugins.look(discover(strict=False)),
        "weights": partial(weights.look, probed),
        "environment": environment.look,
    }
    parts = [_guarded(topic, look) for topic, look in looks.items()]
    findings = [finding for part in parts for finding in part.findings]
    return Examination(
        {part.topic: part.facts for part in parts},
        tuple(sorted(findings, key=lambda found: found.level != "fault")),
    )


def _guarded(topic: str, look: Callable[[], Part]) -> Part:
    try:
        return look()
    except Exception as error:  # this is for machines on which nothing works
        part = Part(topic, None)
        said = f"{topic} could not be examined: {told(error)}"
        part.fault(said, "pip install --force-reinstall neuplug")
        return part
