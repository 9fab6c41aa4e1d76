"""The report is written whatever fails beside it, and the exit code says that something did."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from neuplug_tests.drawing import class_folders, draw

from neuplug.cli import main

__all__ = ["class_folders", "draw"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def compose(
    class_folders: Path, tmp_path: Path, lab: object, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Ask the same question again; the exit code and what was printed."""
    words = ["compose", str(class_folders), "--aug", "flip@add=1", "--clf", "smallcnn"]
    words += ["--per-class", "2", "--imgsz", "16", "--steps", "1", "--repeats", "1"]
    words += ["--workers", "0", "--name", "run", "--project", str(tmp_path), "--save-generated"]

    def asked(*more: str) -> tuple[int, str, str]:
        code = main([*words, *more])
        return code, *capsys.readouterr()

    return asked


def test_saved_images_figures_and_another_reporter_may_fail(compose: Run, tmp_path: Path) -> None:
    run = tmp_path / "run"
    page = run / "report.html"
    code, _, said = compose("--reporter", "tearing", "--reporter", "html")
    assert code == 1 and page.is_file() and (run / "generated" / "manifest.csv").is_file()
    assert "no report of tearing: tearing of neuplug-lab 1.0 failed" in said.splitlines()[-2]
    assert said.endswith(f"All else is in {run}; the same command tries again what failed.\n")

    page.unlink()
    (run / "generated" / "manifest.csv").unlink()
    shutil.rmtree(run / "generated" / "flip@add=1")
    (run / "generated" / "flip@add=1").touch()
    shutil.rmtree(run / "figures")
    (run / "figures").symlink_to("figures")
    code, out, said = compose("--reporter", "html")
    assert code == 2 and "<h1" in page.read_text("utf-8")
    assert "the generated images are not saved" in said and "flip@add=1" in said
    assert f"{page} is written, but pictures failed" in said
    assert "smallcnn" in out and f"results: {run}" in out  # the verdicts are printed all the same

    (run / "generated" / "flip@add=1").unlink()
    (run / "figures").unlink()
    code, out, _ = compose("--reporter", "html")
    assert code == 0 and (run / "figures").is_dir() and f"report: {page}" in out
    assert (run / "generated" / "manifest.csv").is_file()
