"""What the README promises is there, and the plugins that it and the guide show work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import neuplug_testing

from .texts import ROOT


def test_the_two_commands_stand_on_the_first_screen_and_ci_runs_the_second() -> None:
    first_screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:30]
    assert "pip install uv && uv run neuplug compose --aug dcgan --clf mobilenetv2" in first_screen
    assert "pip install uv && uv run pytest" in first_screen
    assert "pip install uv && uv run pytest\n" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_plugin_of_the_readme_keeps_every_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands there: one file, and an entry point."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n# neuplug_solarize\.py\n(.*?)```", readme, re.DOTALL)
    (about,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert len(code.splitlines()) + len(about.splitlines()) < 40  # one screen
    project = tomllib.loads(about)["project"]
    (tmp_path / "neuplug_solarize.py").write_text(code)
    info = tmp_path / "neuplug_solarize-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        + "".join(f"Requires-Dist: {line}\n" for line in project["dependencies"])
    )
    entries = "".join(f"{k} = {v}\n" for k, v in project["entry-points"]["neuplug"].items())
    (info / "entry_points.txt").write_text(f"[neuplug]\n{entries}")
    monkeypatch.syspath_prepend(str(tmp_path))
    outcomes = list(neuplug_testing.iterate_plugin("neuplug-solarize"))
    assert [(o.law, o.message) for o in outcomes if o.status == "failed"] == []
    assert sum(o.status == "passed" for o in outcomes) > 20


def test_the_plugin_of_the_guide_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    import neuplug

    guide = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    blocks = re.findall(r"```python\n# (neuplug_posterize/\S+)\n(.*?)```", guide, re.DOTALL)
    assert [name for name, _ in blocks] == [
        "neuplug_posterize/__init__.py",
        "neuplug_posterize/augmenter.py",
    ]
    (tmp_path / "neuplug_posterize").mkdir()
    for name, code in blocks:
        (tmp_path / name).write_text(code)
    info = tmp_path / "neuplug_posterize-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: neuplug-posterize\nVersion: 1.0\n"
        "Requires-Dist: neuplug<0.2,>=0.1\n"
    )
    (info / "entry_points.txt").write_text("[neuplug]\nposterize = neuplug_posterize\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    posterize = neuplug.load("posterize", levels=16)
    assert isinstance(posterize, neuplug.Augmenter)
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).repeat(40, 1, 1, 1)
    out = posterize.augment(images, torch.Generator().manual_seed(0))
    assert out.shape == images.shape and out.dtype == torch.uint8
    assert min(len(image.unique()) for image in out) < 64
    with pytest.raises(neuplug.InputError, match="levels"):
        neuplug.load("posterize", levels=1)
