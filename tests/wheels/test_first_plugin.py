"""docs/first-plugin.md is run from top to bottom, as one piece, where nothing is installed.

Its bare blocks are commands, one on a line; its Python blocks are files, named in their first
line; its text blocks are lines that the command above them prints, whatever the numbers.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from neuplug_tests.environments import ROOT, Installer, run

PAGE = ROOT / "docs" / "first-plugin.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"[+\N{MINUS SIGN}-]?\d+(?:\.\d+)?")
DONE = "--- done ---"


def blocks() -> list[tuple[str, str]]:
    """Kind and content of each block."""
    return BLOCK.findall(PAGE.read_text("utf-8"))


def commands() -> list[str]:
    return [line for kind, content in blocks() if not kind for line in content.splitlines()]


def script() -> Iterator[str]:
    """The page as a program for the shell, which stops at the first fault."""
    yield "set -e"
    for kind, content in blocks():
        if kind == "python":
            place = re.match(r"# (\S+\.py)\n", content)
            assert place, f"a Python block that names no file: {content[:60]}"
            yield f"cat > {place[1]} <<'END OF FILE'\n{content}END OF FILE"
        elif not kind:
            for line in content.splitlines():
                yield f"{line}\necho '{DONE}'"


@pytest.fixture
def without_network(install: Installer, tmp_path: Path) -> dict[str, str]:
    """Settings; and ``wheels``, which the page begins with, is the folder that it speaks of."""
    (tmp_path / "wheels").symlink_to(install.wheels)
    return install.without_network("neuplug-smallcnn", "neuplug-report", "pytest")


@pytest.mark.slow
def test_from_nothing_to_a_run(without_network: dict[str, str], tmp_path: Path) -> None:
    assert 5 < len(commands()) < 10
    done = run("bash", "-c", "\n".join(script()), where=tmp_path, **without_network)
    *printed, rest = done.stdout.split(f"{DONE}\n")
    assert (done.returncode, rest) == (0, ""), done.stdout + done.stderr
    answers = dict(zip(commands(), printed, strict=True))

    for (_, command), (kind, shown) in pairwise(blocks()):
        if kind == "text":
            answer = iter(map(plain, answers[command.strip()].splitlines()))
            for line in shown.splitlines():
                assert plain(line) in answer, f"{command}does not print: {line}"

    result = json.loads((tmp_path / "runs/compose/first/results.json").read_text("utf-8"))
    assert [arm["name"] for arm in result["arms"]] == ["none", "mine"]
    assert {cell["arm"] for cell in result["cells"]} == {"none", "mine"}

    for words in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "--no-cache", "neuplug-mine"]
        tidy = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert tidy.returncode == 0, tidy.stdout


def plain(line: str) -> str:
    """A line without its numbers, which another machine has others of, and its padding."""
    return NUMBER.sub("#", line).rstrip()
