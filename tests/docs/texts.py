"""The texts whose commands and Python are run: the README, the guides, the packages' READMEs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(ROOT.glob("plugins/*/README.md"))
TEXTS = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*.md")),
    *PLUGINS,
    *sorted(ROOT.glob("examples/README.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
]
BLOCK = re.compile(
    r"^```([^`\n]*)\n(.*?)^```[ ]*(?:\n<!-- (?:not run|parsed only): (.+?) -->)?$", re.DOTALL | re.M
)


def blocks(text: Path, *languages: str) -> Iterator[tuple[str, str]]:
    """The blocks in one of the languages, and why each is not run: empty where it is."""
    for language, content, reason in BLOCK.findall(text.read_text("utf-8")):
        if language in languages:
            yield content, reason


def reasons() -> list[str]:
    """Why blocks are not run."""
    found = (reason for text in TEXTS for *_, reason in BLOCK.findall(text.read_text("utf-8")))
    return [reason for reason in found if reason]


def name(text: Path) -> str:
    """Such as ``docs/data.md``."""
    return text.relative_to(ROOT).as_posix()
