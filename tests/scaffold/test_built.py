"""The wheels of new plugins beside that of neuplug, in an environment that has nothing else.

It needs uv, and the network for what uv's cache does not hold; without them it is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import NAMES

ROOT = Path(__file__).parents[2]
UNREACHABLE = ("failed to fetch", "error sending request", "dns error", "client error (connect)")
"""What uv says where there is no network."""


def run(*words: str | Path, where: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without what this environment would add to it."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    return subprocess.run(
        list(map(str, words)),
        cwd=where, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def uv(*words: str | Path, where: Path) -> None:
    """From uv's cache, or else with the network, or else skip."""
    if shutil.which("uv") is None:
        pytest.skip("uv, which builds and installs the wheels, is not here")
    if run("uv", *words, "--offline", where=where).returncode == 0:
        return
    done = run("uv", *words, where=where)
    if done.returncode and any(sign in done.stderr.lower() for sign in UNREACHABLE):
        pytest.skip("uv's cache lacks a package, and there is no network to fetch it")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def commands(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the wheels of neuplug and of two new plugins."""
    place = tmp_path_factory.mktemp("built")
    for source in (ROOT, packages["augmenter"], packages["classifier"]):
        # away from the sources, which stay as they are
        uv("build", "--wheel", "--out-dir", place / "wheels", source, where=place)
    uv("venv", "--python", sys.executable, place / "clean", where=place)
    wheels = sorted((place / "wheels").glob("*.whl"))
    assert len(wheels) == 3
    uv("pip", "install", "--python", place / "clean", *wheels, where=place)
    return place / "clean" / ("Scripts" if os.name == "nt" else "bin")


def test_what_was_built_works_where_nothing_else_is(commands: Path, tmp_path: Path) -> None:
    neuplug = commands / "neuplug"
    augmenter, classifier = NAMES["augmenter"], NAMES["classifier"]
    checked = run(neuplug, "plugins", "check", f"neuplug-{augmenter}", where=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{augmenter} (augmenter): " in checked.stdout
    words = ["--aug", augmenter, "--clf", classifier, "--imgsz", "32", "--dry-run"]
    planned = run(neuplug, "compose", *words, where=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert augmenter in planned.stdout


@pytest.mark.parametrize("kind", NAMES)
def test_the_built_neuplug_has_the_templates(kind: str, commands: Path, tmp_path: Path) -> None:
    new = run(commands / "neuplug", "plugins", "new", "other", "--kind", kind, where=tmp_path)
    assert new.returncode == 0, new.stderr
    written = tmp_path / "neuplug-other"
    assert (written / "neuplug_other" / f"{kind}.py").is_file()
    assert (written / ".github" / "workflows" / "tests.yml").is_file()
