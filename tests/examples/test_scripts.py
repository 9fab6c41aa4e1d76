"""The scripts of the examples do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from neuplug_tests.environments import ROOT


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
