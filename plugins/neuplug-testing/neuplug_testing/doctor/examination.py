"""All the parts of the examination, each of which may fail without the others."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from neuplug import __version__
from neuplug_testing.doctor.finding import Finding, Part, told
from neuplug_testing.doctor.probing import judge, probe

if TYPE_CHECKING:
    from neuplug.plugins.registry import Registry

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
    probed = probe()
    looks: dict[str, Callable[[], Part]] = {
        "packages": lambda: _look("packages", _plugins()),
        "loading": lambda: Part(asdict(probed), list(judge(probed))),
        "machine": lambda: _look("machine", probed),
        "places": lambda: _look("places"),
        "plugins": lambda: _look("plugins", _registry()),
        "weights": lambda: _look("weights", probed),
        "environment": lambda: _look("environment"),
    }
    parts, findings = {}, []
    for topic, look in looks.items():
        part = _guarded(topic, look)
        parts[topic] = part.facts
        findings += part.findings
    return Examination(parts, tuple(sorted(findings, key=lambda found: found.level != "fault")))


def _look(module: str, *arguments: Any) -> Part:
    """Let a module of this package look; it is imported now, since even that may fail."""
    part: Part = importlib.import_module(f"neuplug_testing.doctor.{module}").look(*arguments)
    return part


def _guarded(topic: str, look: Callable[[], Part]) -> Part:
    try:
        return look()
    except Exception as error:  # this is for machines on which nothing works
        said = f"{topic} could not be looked at: {told(error)}"
        return Part(None, [Finding(topic, "fault", said, "pip install --force-reinstall neuplug")])


def _registry() -> Registry:
    from neuplug.plugins.registry import discover

    return discover(strict=False)


def _plugins() -> set[str]:
    """Names of the plugins' distributions; none where even discovery does not work."""
    try:
        registry = _registry()
    except Exception:
        return set()
    names = {provided.distribution for provided in registry.components}
    return names | {problem.distribution for problem in registry.problems}
