"""The example packages as a stranger meets them: built, installed, checked, used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / "examples"
NAMES = ("neuplug-posterize", "neuplug-vae")

Run = Callable[..., str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels installed, which nothing but their entry points leads to."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv, which builds and installs the packages, is missing")
    folder = tmp_path_factory.mktemp("packages")

    def call(*words: str | Path) -> None:
        done = subprocess.run([uv, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    for name in NAMES:
        call("build", "--wheel", "--out-dir", folder / "dist", PACKAGES / name)
    wheels = sorted((folder / "dist").glob("*.whl"))
    assert [w.name.split("-")[0] for w in wheels] == ["neuplug_posterize", "neuplug_vae"]
    into = ("--python", sys.executable, "--target", folder / "site")
    call("pip", "install", "--no-deps", *into, *wheels)
    return folder / "site"


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    """Run a module of the present environment, the packages beside it; return what it printed."""

    def call(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True,
            check=False, env=os.environ | {"PYTHONPATH": str(site)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.mark.parametrize("name", NAMES)
def test_every_law_is_kept(run: Run, name: str) -> None:
    outcomes = json.loads(run("neuplug", "plugins", "check", name, "--json"))
    assert not [o for o in outcomes if o["status"] == "failed"]
    passed = {o["law"] for o in outcomes if o["status"] == "passed"}
    assert {"is-discovered", "imports-stay-light", "bounds-of-options-hold"} <= passed
    assert name != "neuplug-vae" or {"an-interrupted-fit-goes-on", "state-comes-back"} <= passed


@pytest.mark.parametrize("name", NAMES)
def test_their_own_tests_pass(run: Run, name: str, tmp_path: Path) -> None:
    """Apart from their sources, so that what is tested is what was installed."""
    shutil.copytree(PACKAGES / name / "tests", tmp_path / "tests")
    output = run("pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert " passed" in output and "failed" not in output


def test_they_compose(run: Run, tmp_path: Path) -> None:
    words = ["--aug", "vae", "--aug", "posterize", "--clf", "smallcnn", "--imgsz", "32"]
    words += ["--steps", "4", "--per-class", "4", "--repeats", "1", "--workers", "0"]
    words += ["--set", "vae.steps=6", "--set", "vae.width=4", "--set", "posterize.levels=4"]
    result = json.loads(run("neuplug", "compose", *words, "--name", "tiny", "--json"))
    assert [arm["name"] for arm in result["arms"]] == ["none", "vae", "posterize"]
    assert {cell["arm"] for cell in result["cells"]} == {"none", "vae", "posterize"}
    curves = result["generators"][0]["curves"]
    assert set(curves) == {"loss", "reconstruction error", "KL divergence"}
    assert (tmp_path / result["folder"] / "report.html").is_file()
