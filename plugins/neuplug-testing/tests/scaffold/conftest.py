"""A new plugin of each kind, and all of them installed as fake distributions."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from neuplug.cli import main

NAMES = {
    "augmenter": "fresh-gamma",
    "mixer": "fresh-halves",
    "generator": "fresh_pca",
    "classifier": "3d-fresh",
    "evaluator": "fresh-levels",
}
"""Names with a hyphen, an underscore, a digit in front."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kinds to the folders that ``neuplug plugins new`` has written; not to be changed."""
    folder = tmp_path_factory.mktemp("packages")
    for kind, name in NAMES.items():
        assert main(["plugins", "new", name, "--kind", kind, "--to", str(folder)]) == 0
    found = {kind: folder / f"neuplug-{name.replace('_', '-')}" for kind, name in NAMES.items()}
    assert sorted(folder.iterdir()) == sorted(found.values())
    return found


@pytest.fixture(scope="module")
def site(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds all of them as pip would put them there."""
    folder = tmp_path_factory.mktemp("site")
    for package in packages.values():
        about = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))
        project = about["project"]
        (module,) = about["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        shutil.copytree(package / module, folder / module)
        info = folder / f"{module}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
            + "".join(f"Requires-Dist: {line}\n" for line in project["dependencies"])
        )
        entries = project["entry-points"]["neuplug"].items()
        (info / "entry_points.txt").write_text(
            "[neuplug]\n" + "".join(f"{key} = {value}\n" for key, value in entries)
        )
    return folder


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All are installed, here and in processes that are started."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    return site
