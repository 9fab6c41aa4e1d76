"""The core's own tests need no other package of this repository: they have components of their own.

Where those packages are installed the fixture ``the_core_is_alone`` blocks them, so that a test
that asks for one of their components fails at once.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from neuplug_tests.environments import PACKAGES, ROOT, Installer

CORE = ("cli", "data", "experiment", "library", "plugins", "storage", "training")


def imported(file: Path) -> set[str]:
    """The packages that are imported anywhere in a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("folder", CORE)
def test_they_import_none_and_block_all(folder: str) -> None:
    ours = {p.name.replace("-", "_") for p in PACKAGES if p != ROOT}
    assert "neuplug_report" in ours
    files = [*(ROOT / "tests" / folder).rglob("*.py"), *(ROOT / "tests" / "shared").rglob("*.py")]
    assert [file for file in files if imported(file) & ours] == []
    assert "neuplug_tests" in imported(ROOT / "tests" / folder / "conftest.py")
    assert "the_core_is_alone" in (ROOT / "tests" / folder / "conftest.py").read_text("utf-8")


@pytest.mark.slow
def test_they_are_found_where_the_core_alone_is_installed(install: Installer) -> None:
    """Each of their modules is imported there."""
    tools = ["pytest", "pytest-xdist", "filelock", "scikit-learn", "hypothesis"]
    made = install("neuplug", beside=tools)
    words = ["--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider"]
    output = made.output(
        "python",
        "-B",
        "-P",
        "-m",
        "pytest",
        *words,
        *(f"tests/{name}" for name in CORE),
        where=ROOT,
    )
    assert "tests/training/test_loop.py::" in output and "error" not in output.splitlines()[-1]
