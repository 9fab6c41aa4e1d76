"""Two plugins, installed for these tests: a sound one, and one all of whose components are not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "site"

MakePlugin = Callable[..., str]


@pytest.fixture(autouse=True)
def site(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the two on the path; what they spoil is a store of their own."""
    monkeypatch.syspath_prepend(str(SITE))
    return SITE


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePlugin:
    """Install a plugin with the given hook module; returns the distribution's name."""

    def make(name: str, module: str, requires: str | None = "neuplug>=0.1,<99") -> str:
        package = name.replace("-", "_")
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
        lines += [f"Requires-Dist: {requires}"] if requires else []
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "entry_points.txt").write_text(f"[neuplug]\nplugin = {package}\n")
        (tmp_path / f"{package}.py").write_text(module)
        monkeypatch.delitem(sys.modules, package, raising=False)
        monkeypatch.syspath_prepend(str(tmp_path))
        return name

    return make
