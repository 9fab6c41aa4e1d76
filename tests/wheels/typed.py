"""What the README and the guides have one type besides neuplug's own commands.

That is each fenced block of commands, and each command within the text, with pip, uv, Python or
anything else in it. ``tests/docs/test_commands.py`` runs the lines that begin with neuplug.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from neuplug_tests.environments import ROOT, Environment, run

from ..docs.texts import BLOCK, TEXTS, blocks, name

SHELL = ("", "console", "sh", "bash")
"""The languages of blocks with commands."""

TOOLS = r"(?:pip|uvx?|python3?|sphinx-build|twine)"
WITHIN = re.compile(rf"`((?:[A-Z_]+=\S+ )*{TOOLS}\s[^`]+)`")
OWN = re.compile(r"(?:[A-Z_]+=\S+ )*(?:uv run )?neuplug ")

NOT_RUN = {
    "pip install": "names the command, and the text says what to install",
    "uv run": "names the command, and the text says what to run",
    "uv publish": "hands a package to an index",
    "twine upload dist/*": "hands a package to an index",
}
"""Commands within the text that nothing runs, and why."""

BESIDE = {"docs/plugins.md": ROOT / "examples" / "neuplug-posterize"}
"""The text that is read beside a plugin's files, not beside the repository's."""

NO_EXTRA = "does not (?:provide the|have an) extra"
"""What pip and uv say of an extra that is not there. They go on without it."""


@dataclass(frozen=True)
class Typed:
    """A block of commands, or a command within the text.

    Attributes:
        text: Where it stands.
        lines: The commands, without comments.
        reason: Why it is not run: empty where it is.
    """

    text: Path
    lines: tuple[str, ...]
    reason: str = ""

    @property
    def folder(self) -> Path:
        """Where it is meant to be typed."""
        return BESIDE.get(name(self.text), ROOT)

    def __str__(self) -> str:
        return f"{name(self.text)}: {self.lines[0]}"


def all_typed() -> Iterator[Typed]:
    """All of it, in order."""
    for text in TEXTS:
        for content, reason in blocks(text, *SHELL):
            if not all(map(OWN.match, lines := commands(content))):
                yield Typed(text, lines, reason)
        for words in WITHIN.findall(BLOCK.sub("", text.read_text("utf-8"))):
            if not OWN.match(line := " ".join(words.split())):
                yield Typed(text, (line,), NOT_RUN.get(line, ""))


def commands(content: str) -> tuple[str, ...]:
    """The commands in a block, each on one line."""
    lines = content.replace("\\\n", "").splitlines()
    bare = (re.sub(r"(?:^|\s)#.*", "", line).strip() for line in lines)
    return tuple(line for line in bare if line)


def to_run() -> list[Typed]:
    """What is to be run. What stands twice, or among the lines of another, is run once."""
    first: dict[tuple[Path, tuple[str, ...]], Typed] = {}
    for each in all_typed():
        if not each.reason:
            first.setdefault((each.folder, each.lines), each)

    def is_part(each: Typed) -> bool:
        same = (lines for folder, lines in first if folder == each.folder)
        return any(set(each.lines) < set(lines) for lines in same)

    return [each for each in first.values() if not is_part(each)]


def type_in(lines: Iterable[str], where: Path, **settings: str) -> None:
    """Have the shell run them, one after the other. None may fail, nor lack an extra."""
    done = run("bash", "-c", " &&\n".join(lines), where=where, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(NO_EXTRA, done.stderr), done.stderr


def path(*environments: Environment) -> str:
    """Where commands are looked up: those of environments, of the running Python, and uv."""
    own = [str(made.path("scripts")) for made in environments]
    uv = Path(shutil.which("uv") or "").parent
    return ":".join([*own, f"{sys.base_prefix}/bin", str(uv), "/usr/bin", "/bin"])


def copy(source: Path, into: Path) -> Path:
    """A copy of a folder of the repository, of what git does not ignore."""
    words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if shutil.which("git") is None or (done := run("git", *words, where=source)).returncode:
        pytest.skip("this is no git repository, which would know its files")
    for file in filter(None, done.stdout.split("\0")):
        if (source / file).is_file():  # one that is not being removed
            (into / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / file, into / file)
    return into
