"""The example packages as a stranger meets them: built, installed, checked, used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from neuplug_tests.environments import PACKAGES, Environment, Installer
from neuplug_tests.trying import checked, compose

FOLDERS = {folder.name: folder for folder in PACKAGES if folder.parent.name == "examples"}
NAMES = ("neuplug-posterize", "neuplug-vae")


@pytest.fixture(scope="module")
def made(install: Installer) -> Environment:
    """An environment with both, neuplug and a classifier, and pytest for their own tests."""
    assert set(FOLDERS) == set(NAMES)
    return install(
        *NAMES, "neuplug-smallcnn", "neuplug-report", "neuplug-testing", beside=["pytest"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_law_is_kept(made: Environment, name: str, tmp_path: Path) -> None:
    outcomes = checked(made, name, where=tmp_path)
    passed = {o["law"] for o in outcomes if o["status"] == "passed"}
    assert {"is-discovered", "imports-stay-light", "bounds-of-options-hold"} <= passed
    assert name != "neuplug-vae" or {"an-interrupted-fit-goes-on", "state-comes-back"} <= passed


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_their_own_tests_pass(made: Environment, name: str, tmp_path: Path) -> None:
    """Apart from their sources, so that what is tested is what was installed."""
    shutil.copytree(FOLDERS[name] / "tests", tmp_path / "tests")
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    output = made.output("python", *words, where=tmp_path)
    assert " passed" in output and "failed" not in output


@pytest.mark.slow
def test_they_compose(made: Environment, tmp_path: Path) -> None:
    words = ["--set", "posterize.levels=4", "--name", "tiny"]
    result = compose(made, ["vae", "posterize"], ["smallcnn"], *words, where=tmp_path)
    assert [arm["name"] for arm in result["arms"]] == ["none", "vae", "posterize"]
    assert {cell["arm"] for cell in result["cells"]} == {"none", "vae", "posterize"}
    curves = json.loads((tmp_path / result["folder"] / "curves.json").read_text("utf-8"))
    fit = result["generators"][0]["key"]
    assert set(curves["generators"][fit]) == {"loss", "reconstruction error", "KL divergence"}
    assert (tmp_path / result["folder"] / "report.html").is_file()
