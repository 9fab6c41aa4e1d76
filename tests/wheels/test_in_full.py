"""Everything installed for real, with the oldest and the newest that the packages allow.

Each case takes minutes and some 7 GB, most of it torch's, which uv's cache keeps. So they are run
where ``NEUPLUG_TEST_INSTALL=1`` is set, and with the Pythons that are here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from neuplug_tests.environments import ROOT, Environment, metadata, requirements, run, uv
from neuplug_tests.trying import checked, compose

from .typed import all_typed, copy, path, type_in

pytestmark = pytest.mark.skipif(
    os.environ.get("NEUPLUG_TEST_INSTALL") != "1",
    reason="it installs gigabytes: set NEUPLUG_TEST_INSTALL=1",
)

CASES = (
    ("3.11", "lowest-direct"),
    *((python, "highest") for python in ("3.11", "3.12", "3.13", "3.14")),
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder for an environment, which goes with it."""
    yield tmp_path / "environment"
    shutil.rmtree(tmp_path / "environment", ignore_errors=True)


def test_pip_installs_it_with_all_it_needs(place: Path, wheels: Path, tmp_path: Path) -> None:
    made = Environment.make(place)
    made.output("pip", "install", "--find-links", wheels, "neuplug[standard]", where=tmp_path)
    made.output("pip", "check", where=tmp_path)
    use(made, tmp_path)


def test_it_is_carried_to_where_there_is_no_network(place: Path, tmp_path: Path) -> None:
    """As docs/install.md has one do it: collected with one environment, installed with another."""
    here = copy(ROOT, place / "here")
    for number, word in enumerate(("pip download", "pip install --no-index")):
        (typed,) = [typed for typed in all_typed() if word in typed.lines[-1]]
        made = Environment.make(place / str(number))
        type_in(typed.lines, here, PATH=path(made))
    use(made, tmp_path)


@pytest.mark.parametrize(("python", "resolution"), CASES)
def test_the_versions_that_are_allowed_work(
    python: str, resolution: str, place: Path, wheels: Path, tmp_path: Path
) -> None:
    found = run("uv", "python", "find", "--no-python-downloads", python, where=tmp_path)
    if found.returncode:
        pytest.skip(f"Python {python} is not here")
    uv("venv", "--python", found.stdout.strip(), place, where=tmp_path)
    # uv takes the lowest of what is asked for by name, so all that any wheel asks for is
    built = [metadata(wheel) for wheel in wheels.glob("*.whl")]
    asked = [str(line) for about in built for line in requirements(about)]
    ours = [about.name for about in built]
    words = ("--resolution", resolution, "--find-links", wheels)
    uv("pip", "install", "--python", place, *words, *ours, *asked, where=tmp_path, newest=True)
    uv("pip", "check", "--python", place, where=tmp_path)
    use(Environment(place), tmp_path)


def use(made: Environment, where: Path) -> None:
    """List, examine, compose, check."""
    assert made.answer("neuplug", "plugins", "--json", where=where)["problems"] == []
    assert made.answer("neuplug", "doctor", "--json", where=where)["fine"]
    words = ["--eval", "fid", "--eval", "tsne", "--eval", "memorization"]
    result = compose(made, ["classical", "dcgan"], ["smallcnn", "mobilenetv2"], *words, where=where)
    assert {cell["arm"] for cell in result["cells"]} == {"none", "classical", "dcgan"}
    assert {cell["classifier"] for cell in result["cells"]} == {"smallcnn", "mobilenetv2"}
    for plugin in ("classical", "dcgan", "smallcnn", "mobilenetv2", "fid"):
        checked(made, f"neuplug-{plugin}", where=where)
