"""``pip install neuplug[standard]`` from a folder of wheels, and what one does with it first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from neuplug_tests.environments import Environment, Installer
from neuplug_tests.trying import compose

from neuplug.plugins.registry import discover

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def standard(install: Installer) -> Environment:
    """An environment with all plugins of the repository."""
    return install("neuplug[standard]")


def test_pip_finds_nothing_amiss(standard: Environment, install: Installer) -> None:
    install.into(standard, "check")


def test_it_lists_all_components(standard: Environment, tmp_path: Path) -> None:
    found = standard.answer("neuplug", "plugins", "--json", where=tmp_path)
    assert found["problems"] == []
    offered = {(c["kind"], c["name"]) for c in found["components"]}
    assert offered == {(p.kind, p.name) for p in discover().offers}
    listing = standard.output("neuplug", "plugins", where=tmp_path)
    assert all(name in listing for _, name in offered)


def test_the_doctor_finds_nothing_amiss(standard: Environment, tmp_path: Path) -> None:
    told = standard.answer("neuplug", "doctor", "--json", where=tmp_path)
    assert told["fine"]
    assert [f for f in told["findings"] if f["topic"] in ("packages", "plugins", "loading")] == []
    assert all(package["fits"] for package in told["packages"]["packages"])


def test_it_composes(standard: Environment, tmp_path: Path) -> None:
    result = compose(standard, ["flip", "dcgan"], ["smallcnn"], where=tmp_path)
    assert [arm["name"] for arm in result["arms"]] == ["none", "flip", "dcgan"]
    folder = tmp_path / result["folder"]
    assert json.loads((folder / "results.json").read_text("utf-8"))["arms"] == result["arms"]
    assert "<html" in (folder / "report.html").read_text("utf-8")
