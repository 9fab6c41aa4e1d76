"""The site, the examples and the example packages, made once for all tests of the documentation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .examples import Examples
from .texts import ROOT

NO_NETWORK = """
import socket

def refuse(*arguments, **named):
    raise OSError("the network is off")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site; a warning of the build is an error, and the network is off."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "off").mkdir()
    (folder / "off" / "sitecustomize.py").write_text(NO_NETWORK)
    words = "-W --keep-going -q -b html".split()
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, "-d", folder / "trees", "docs", folder / "html"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(folder / "off")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the packages of ``examples/`` as pip would put them there."""
    folder = tmp_path_factory.mktemp("packages")
    for file in ROOT.glob("examples/*/pyproject.toml"):
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        module = project["name"].replace("-", "_")
        shutil.copytree(file.parent / module, folder / module)
        info = folder / f"{module}-{project['version']}.dist-info"
        info.mkdir()
        about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(about)
        entries = project["entry-points"]["neuplug"].items()
        lines = [f"{entry} = {target}\n" for entry, target in entries]
        (info / "entry_points.txt").write_text("".join(["[neuplug]\n", *lines]))
    return folder


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Examples:
    """Those of texts and docstrings."""
    return Examples(tmp_path_factory.mktemp, packages)
