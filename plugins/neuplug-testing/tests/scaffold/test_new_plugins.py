"""What ``neuplug plugins new`` writes: clean code that keeps the laws and takes part in a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from neuplug_tests.bars import draw_bars

import neuplug
from neuplug import ImageSet
from neuplug_testing import iterate_plugin
from neuplug_testing.scaffold.writing import requirement

from .conftest import NAMES

KINDS = tuple(NAMES)
TOOL = (sys.executable, "-m")


def tool(*words: str | Path, where: Path) -> None:
    done = subprocess.run(
        [*TOOL, *map(str, words)], cwd=where, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_ruff_finds_nothing(kind: str, packages: dict[str, Path]) -> None:
    tool("ruff", "check", "--no-cache", where=packages[kind])
    tool("ruff", "format", "--check", "--no-cache", where=packages[kind])


@pytest.mark.slow
def test_strict_mypy_finds_nothing(packages: dict[str, Path], tmp_path: Path) -> None:
    """All at once, for the sake of torch, which is read once."""
    files = [file for folder in packages.values() for file in folder.glob("neuplug_*")]
    files += [packages[kind] / "tests" / f"test_{kind}.py" for kind in KINDS]
    files.append(packages["augmenter"] / "tests" / "test_laws.py")  # the same in all
    tool("mypy", "--strict", "--cache-dir", tmp_path, *files, where=packages["augmenter"])


@pytest.mark.parametrize("kind", KINDS)
def test_it_breaks_no_law(kind: str, packages: dict[str, Path], installed: Path) -> None:
    outcomes = list(iterate_plugin(packages[kind].name))
    broken = [(o.law, o.message) for o in outcomes if o.status == "failed"]
    assert broken == []
    assert {o.subject for o in outcomes} == {packages[kind].name, NAMES[kind]}
    assert sum(o.status == "passed" for o in outcomes) > 20


def test_its_own_tests_pass(packages: dict[str, Path], installed: Path, tmp_path: Path) -> None:
    files = [packages[kind] / "tests" / f"test_{kind}.py" for kind in KINDS]
    tool("pytest", "-q", "-p", "no:cacheprovider", *files, where=tmp_path)


def test_a_run_with_all_of_them(installed: Path, tmp_path: Path) -> None:
    result = neuplug.compose(
        draw_bars(40, 0, ImageSet),
        aug=[f"{NAMES['augmenter']}+{NAMES['mixer']}", NAMES["generator"]],
        clf=[NAMES["classifier"]],
        eval=[NAMES["evaluator"]],
        add=6,
        per_class=6,
        repeats=2,
        workers=0,
        project=tmp_path / "runs",
        training={"steps": 4, "batch": 4},
    )
    by_arm = {cell.arm: cell for cell in result.results.cells}
    assert by_arm[NAMES["generator"]].train_images == {"real": 12, NAMES["generator"]: 12}
    (first, *_) = result.results.evaluations
    assert first.evaluator == NAMES["evaluator"]
    assert {m.n for m in first.metrics} == {12, 6}
    assert [Path(name).suffix for name in first.figures] == [".png", ".svg"] * 2
    assert "Brightness and contrast" in result.report.read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_templates_is_left(kind: str, packages: dict[str, Path]) -> None:
    files = [file for file in packages[kind].rglob("*") if file.is_file()]
    assert {str(file.relative_to(packages[kind])) for file in files} >= {
        ".github/workflows/tests.yml", ".gitignore", "LICENSE", "README.md", "pyproject.toml",
        "tests/test_laws.py",
    }  # fmt: skip
    for file in files:
        assert ".template" not in file.name
        assert not any(word in file.read_text("utf-8") for word in ("THE_", "TheName"))


@pytest.mark.parametrize(
    ("running", "asked"),
    [
        ("0.1.0", "neuplug>=0.1,<0.2"),
        ("0.12.3", "neuplug>=0.12,<0.13"),
        ("1.4.2", "neuplug>=1.4,<2"),
        ("0.3.0.dev1+local", "neuplug>=0.3.0.dev1,<0.4"),
    ],
)
def test_the_bounds_come_from_the_running_version(running: str, asked: str) -> None:
    assert requirement(running) == asked
