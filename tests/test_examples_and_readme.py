"""What the README and the examples promise is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import neuplug_testing

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "pipeline.py"), "--quick"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dcgan with smallcnn:" in done.stdout
    assert "drawn: (4, 1, 32, 32) torch.uint8" in done.stdout
    report = re.search(r"report: (.*)", done.stdout)
    assert report is not None and (tmp_path / report[1]).is_file()


def test_silhouettes_of_an_example(tmp_path: Path) -> None:
    """A black and white thing and a small shadow on blue: the thing alone is white."""
    import numpy as np
    from PIL import Image

    photo = np.full((64, 64, 3), (60, 80, 200), dtype=np.uint8)
    photo[10:30, 20:40] = (250, 250, 250)
    photo[30:40, 20:40] = (15, 15, 15)
    photo[60:, 60:] = (10, 10, 20)
    (tmp_path / "photos" / "cow" / "cow1").mkdir(parents=True)
    Image.fromarray(photo).save(tmp_path / "photos" / "cow" / "cow1" / "a.png")
    script = str(ROOT / "examples" / "silhouettes.py")
    done = subprocess.run(
        [sys.executable, script, "photos", "out"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "1 silhouettes in out\n", done.stderr
    with Image.open(tmp_path / "out" / "cow" / "cow1" / "a.png") as opened:
        found = np.asarray(opened)
    expected = np.zeros((64, 64), dtype=np.uint8)
    expected[10:40, 20:40] = 255
    assert (found == expected).all()


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
