"""Reports of runs that were really made, with the components of a third party."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neuplug
from neuplug_report.comparing import compare_runs


def page_of(result: Any) -> str:
    """The text of a run's page."""
    path: Path = result.reports["html"]
    return path.read_text("utf-8")


def test_real_results_fill_the_report(ask: Any) -> None:
    page = page_of(ask(report=True, aug=["jitter"], eval=["brightness"]))
    for words in ("Verdicts", "Sample images", "Evaluations", "Computing time", "0.1.0"):
        assert words.lower() in page.lower(), words


def test_a_page_that_is_gone_is_made_anew(ask: Any) -> None:
    given: dict[str, Any] = {"report": True, "aug": ["jitter"], "reporter": ["html"]}
    first = ask(**given)
    first.report.unlink()
    assert first.report.name == "report.html" and ask(**given).report.exists()


def test_several_amounts_have_a_curve(ask: Any) -> None:
    shares: dict[str, Any] = {"share": [0, 0.5, 0.9], "per_class": 10, "repeats": 2}
    result = ask(aug=["jitter", "invert+jitter", "same"], report=True, **shares)
    assert (result.folder / "figures" / "dose-jitter.png").is_file()
    assert "chosen on validation images" in page_of(result)


def test_an_amount_of_no_image_is_said_to_be_no_arm(ask: Any) -> None:
    given: dict[str, Any] = {"share": [0, 0.01], "per_class": 10, "repeats": 2, "report": True}
    said = "jitter (share=0) adds no image for linear: it is none, and not compared with it."
    assert said in page_of(ask(aug=["jitter", "jitter+same", "same"], **given))
    assert said in page_of(ask(aug=["jitter"], **given))
    arms = ["jitter", "jitter+same"]
    result = ask(aug=arms, to=[10, 30], per_class=10, repeats=2, val=0, report=True)
    assert "jitter (to=10) adds no image for linear: it is none" in page_of(result)


def test_where_a_filter_leaves_nothing_nothing_has_failed(ask: Any) -> None:
    arms = ["echo@add=6,filter=copies", "jitter@add=6"]
    evaluators = ["walker", "brightness", "confidence"]
    result = ask(aug=arms, repeats=1, eval=evaluators, report=True, reporter=["html"])
    assert "failed" not in page_of(result)


def test_evaluators_speak_for_themselves(ask: Any) -> None:
    result = ask(report=True, aug=["jitter@add=4"], eval=["brightness", "walker"], repeats=1)
    page = page_of(result)
    assert ">How bright</h2>" in page and "Black is 0, white is 255." in page
    assert "mean grey level" in page


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """Noise in train and test folders; one test image is a brightened mirror of a training one."""
    for number in range(24):
        pixels = np.random.default_rng(number).integers(0, 200, (24, 24), dtype=np.uint8)
        if number == 23:
            pixels = np.random.default_rng(4).integers(0, 200, (24, 24), dtype=np.uint8)
            pixels = pixels[:, ::-1] + 30
        part, name = "test" if number >= 16 else "train", "ab"[number % 2]
        place = tmp_path / "given" / part / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return tmp_path / "given"


def test_a_given_split_that_leaks_is_said_in_red(lab: object, leaky: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"aug": ["jitter"], "clf": ["linear"], "imgsz": 24, "repeats": 2}
    asked |= {"workers": 0, "project": tmp_path / "runs", "training": {"steps": 4, "batch": 4}}
    page = page_of(neuplug.compose(leaky, allow_leak=True, **asked))
    heading = page[page.index("<h1>") : page.index("</h1>")]
    assert '<span class="clause leak">The given split leaks' in heading
    assert heading.index("leak") < heading.index("one-repeat" if "one-repeat" in heading else "</")
    assert "the given split leaks: 1 of its 8 test and validation images" in page
    resplit = neuplug.compose(leaky, resplit=True, **asked)
    (leaky / "test" / "b" / "23.png").unlink()
    for result in (resplit, neuplug.compose(leaky, **asked)):
        page = page_of(result)
        assert "clause leak" not in page and "given split leaks" not in page
        assert "generator fits it was checked" in page


def test_runs_on_other_images_are_told_apart(lab: object, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for place in ("here", "changed"):
        for number in range(16):
            pixels = rng.integers(0, 256, (32, 32), dtype=np.uint8)
            folder = tmp_path / place / ("dark", "light")[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    asked: dict[str, Any] = {"clf": ["linear"], "per_class": 3, "repeats": 1, "imgsz": 32}
    asked |= {"workers": 0, "project": tmp_path / "runs", "training": {"steps": 2, "batch": 4}}
    (tmp_path / "here").rename(tmp_path / "there")
    there = neuplug.compose(tmp_path / "there", **asked)
    (tmp_path / "there").rename(tmp_path / "here")
    here = neuplug.compose(tmp_path / "here", **asked)
    changed = neuplug.compose(tmp_path / "changed", **asked)
    assert compare_runs([here.results, there.results]).caution == []
    assert "different images" in compare_runs([there.results, changed.results]).caution[0]
    page, digest = page_of(here), here.results.data.images_digest
    assert page.count(digest) == 1 and f"sha256 {digest[:16]}" in page


def test_classes_may_be_called_what_means_something_to_a_file_system(
    lab: object, tmp_path: Path
) -> None:
    classes = ["..", "../../up", "a/b", "a_b", "A_B", "con", "nul.x", "rust.", "\\", "ü" * 127]
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16), dtype=np.uint8)
    data = neuplug.training_set(images, [classes[i % 10] for i in range(40)])
    before = set(tmp_path.rglob("*"))
    result = neuplug.compose(
        data, aug=["jitter@add=2", "J_x: jitter@add=1", "j/x: jitter@add=1"], clf=["linear"],
        per_class=2, repeats=1, workers=0, project=tmp_path / "runs", name="run",
        save_generated=True, training={"steps": 2},
    )  # fmt: skip
    assert (result.folder / "report.html").is_file()
    new = [p for p in tmp_path.rglob("*") if p not in before and p != tmp_path / "runs"]
    own = [p for p in new if p.relative_to(tmp_path).parts[0] in ("lab.log", "store")]
    assert all(p.is_relative_to(result.folder) for p in new if p not in own)
