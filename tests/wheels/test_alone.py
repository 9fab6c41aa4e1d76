"""Each plugin's wheel installs alone, and what comes with it is all that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from neuplug_tests.environments import PACKAGES, Installer, metadata, needed, requirements

ONE = "neuplug-dcgan"  # which needs another package of ours
PLUGINS = [
    pytest.param(folder.name, marks=() if folder.name == ONE else pytest.mark.slow)
    for folder in PACKAGES
    if folder.name.startswith("neuplug-")
]

IMPORT_ALL = """
import importlib, pkgutil, sys

package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""


@pytest.mark.parametrize("name", PLUGINS)
def test_it_is_installed_alone(name: str, install: Installer, tmp_path: Path) -> None:
    made = install(name)
    module = name.replace("-", "_")
    (wheel,) = install.wheels.glob(f"{module}-*.whl")
    found = made.answer("neuplug", "plugins", "--json", where=tmp_path)
    assert found["problems"] == []
    came = {n for n in needed([name], install.wheels) if n.startswith("neuplug")}
    offering = {c["distribution"] for c in found["components"]}
    if metadata(wheel).entry_points.select(group="neuplug"):
        assert name in offering <= came
    else:  # a library for plugins
        assert offering == set()
    its_own = [r for r in requirements(metadata(wheel)) if not r.name.startswith("neuplug")]
    if its_own:  # of the others, test_requirements sees as much, without loading torch
        made.output("python", "-c", IMPORT_ALL, module, where=tmp_path)
