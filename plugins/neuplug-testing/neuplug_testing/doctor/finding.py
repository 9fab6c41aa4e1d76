"""What is wrong, how badly, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from neuplug.errors import NeuplugError

# What the step that loads a component is called, before its distribution and name
COMPONENT = "component "


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        topic: The part of the examination that it belongs to, such as ``places``.
        level: ``fault`` if it would stop a run as people start it, else ``warning``.
        message: What is wrong, and where, in one sentence.
        advice: What to do, in one line.

    Example:
        >>> Finding("places", "warning", "the disk is full but for 1 GB", "make room").level
        'warning'
    """

    topic: str
    level: Literal["fault", "warning"]
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the examination.

    Attributes:
        topic: What it looks at.
        facts: What is there, as JSON values.
        findings: What is wrong with it.
    """

    topic: str
    facts: Any
    findings: list[Finding] = field(default_factory=list)

    def fault(self, message: str, advice: str) -> None:
        """Note what would stop a run."""
        self.findings.append(Finding(self.topic, "fault", message, advice))

    def warn(self, message: str, advice: str) -> None:
        """Note what is wrong besides."""
        self.findings.append(Finding(self.topic, "warning", message, advice))


def told(error: BaseException) -> str:
    """An exception in one line; those of neuplug are sentences already."""
    kind = "" if isinstance(error, NeuplugError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())
