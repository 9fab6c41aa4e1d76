"""A given split that leaks is refused or said in red; what generators saw is proved."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import neuplug
from neuplug import InputError, Result
from neuplug.cli import main
from neuplug.data.dataset import load_dataset
from neuplug.errors import NeuplugError
from neuplug.experiment.analysis.provenance import check_parents, provenance
from neuplug.experiment.config import resolve
from neuplug.experiment.mixture import Mixture
from neuplug.experiment.planning.arm import ArmPlanner
from neuplug.experiment.planning.make import make_plan
from neuplug.experiment.summary.terminal import print_summary
from neuplug.plugins.registry import discover

Log = Callable[[], list[dict[str, Any]]]
pytestmark = pytest.mark.usefixtures("lab")
SENTENCE = "the given split leaks: 1 of its 8 test and validation images"


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """Noise in train and test folders; one test image is a brightened mirror of a training one."""
    folder = tmp_path / "given"
    for number in range(24):
        part, name = "test" if number >= 16 else "train", "ab"[number % 2]
        pixels = np.random.default_rng(number).integers(0, 200, (24, 24), dtype=np.uint8)
        place = folder / part / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    copy = np.asarray(Image.open(folder / "train" / "a" / "4.png"))[:, ::-1] + 30
    Image.fromarray(copy).save(folder / "test" / "b" / "23.png")
    return folder


def ask(data: Path, tmp_path: Path, **settings: Any) -> Result:
    given: dict[str, Any] = {
        "aug": ["jitter"],
        "clf": ["linear"],
        "imgsz": 24,
        "repeats": 2,
        "workers": 0,
        "project": tmp_path / "runs",
        "training": {"steps": 4, "batch": 4},
    }
    return neuplug.compose(data, **{**given, **settings})


def test_a_given_split_that_leaks_is_refused(leaky: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        ask(leaky, tmp_path)
    message = str(caught.value)
    assert SENTENCE in message
    assert "test/b/23.png (test) and train/a/4.png (train) are nearly equal" in message
    assert "--resplit" in message and "--allow-leak" in message
    assert not (tmp_path / "runs").exists()


def test_it_goes_on_where_that_is_allowed_and_says_so_in_red(leaky: Path, tmp_path: Path) -> None:
    result = ask(leaky, tmp_path, allow_leak=True)
    content = result.results
    assert content.warnings[0].startswith(SENTENCE)
    assert content.leak == content.warnings[0]
    assert {c.test_images for c in content.cells} == {8}  # the split as it was given
    assert any("not clean" in s for s in content.protocol.sentences)
    page = result.report.read_text("utf-8")
    heading = page[page.index("<h1>") : page.index("</h1>")]
    assert '<span class="clause leak">The given split leaks' in heading
    assert heading.index("leak") < heading.index("one-repeat" if "one-repeat" in heading else "</")
    assert SENTENCE in page
    text = io.StringIO()
    print_summary(content, Console(file=text, width=200, force_terminal=True))
    first = text.getvalue().splitlines()[0]
    assert first.startswith("\x1b[1;31m") and "The given split leaks" in first


def test_a_clean_split_and_one_drawn_anew_say_nothing(leaky: Path, tmp_path: Path) -> None:
    drawn = ask(leaky, tmp_path, resplit=True)
    (leaky / "test" / "b" / "23.png").unlink()
    for result in (drawn, ask(leaky, tmp_path)):
        assert result.results.leak is None
        assert not any("leak" in warning for warning in result.results.warnings)
        page = result.report.read_text("utf-8")
        assert "clause leak" not in page and "given split leaks" not in page


def test_what_is_said_of_the_pair_is_so(leaky: Path, tmp_path: Path) -> None:
    """It is kept on one side, but for a given split that may leak."""
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"resplit": True}, 1, "; no split divides them: "),
        ({"allow_leak": True}, 2, "; the given split may divide them: "),
    ]
    for settings, sides, sentence in cases:
        result = ask(leaky, tmp_path, **settings)
        with (result.folder / "manifest.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["origin"] == "real"]
        for repeat in ("0", "1"):
            parts = {
                row["split"]
                for row in rows
                if row["repeat"] == repeat and row["id"] in ("train/a/4.png", "test/b/23.png")
            }
            assert len(parts & {"train", "test"}) == sides
        (said,) = [w for w in result.results.warnings if " the same" in w]
        assert sentence in said


def test_groups_that_cross_a_given_split_leak(leaky: Path, tmp_path: Path) -> None:
    (leaky / "test" / "b" / "23.png").unlink()
    for part, number in (("train", 0), ("test", 16)):
        place = leaky / part / "a" / "group=cow"
        place.mkdir()
        shutil.move(leaky / part / "a" / f"{number}.png", place)
    with pytest.raises(InputError, match=r"group=cow/16\.png \(test\) and .* are of one group"):
        ask(leaky, tmp_path)


def test_the_flags(leaky: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compose", "--data", str(leaky), "--clf", "linear", "--imgsz", "24", "--dry-run"]
    assert main([*words]) == 2
    assert SENTENCE in " ".join(capsys.readouterr().err.split())
    assert main([*words, "--allow-leak"]) == 0
    assert main([*words, "--resplit"]) == 0


# Provenance -------------------------------------------------------------------------------------


def test_every_generated_image_has_its_proof(leaky: Path, tmp_path: Path) -> None:
    result = ask(leaky, tmp_path, resplit=True, aug=["invert+jitter", "jitter+jitter"], val=0.3)
    proofs = result.results.provenance
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    drawn = [row for row in rows if row["parent"].startswith("generator ")]
    assert drawn
    for row in drawn:
        proof = proofs[row["parent"].removeprefix("generator ")]
        assert proof.overlap_with_test == proof.overlap_with_validation == 0
        train = sorted(
            r["id"]
            for r in rows
            if (r["repeat"], r["arm"], r["split"]) == (row["repeat"], row["arm"], "train")
            and r["origin"] == "real"
            and r["class"] == row["class"]
        )
        assert proof.training_images == len(train)
        lines = "".join(f"{identifier}\n" for identifier in train)
        assert proof.ids == hashlib.sha256(lines.encode()).hexdigest()
    assert {g.key for g in result.results.generators} == set(proofs)
    sentences = " ".join(result.results.protocol.sentences)
    assert f"each of the {len(proofs)} generator fits it was checked" in sentences
    assert "generator fits it was checked" in result.report.read_text("utf-8")


@pytest.mark.parametrize("arm", ["jitter", "invert+jitter", "jitter+invert+jitter"])
def test_a_test_image_in_a_pool_stops_the_run_before_anything_is_trained(
    leaky: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arm: str, lab: Log
) -> None:
    """A fault planted in the planning: every stage sees a test image."""
    enlarged = ArmPlanner._enlarged

    def faulty(self: ArmPlanner, mixture: Mixture, stage: Any, amount: Any) -> Mixture:
        wrong = self.split.test[0]
        images = self.builder.dataset.images
        name = images.classes[int(images.labels[wrong])]
        slip = self.builder.real([wrong])
        seen = {**mixture.parts, name: (*mixture.parts[name], slip)}
        after = enlarged(self, Mixture(parts=seen), stage, amount)
        return Mixture(
            parts={n: tuple(p for p in parts if p != slip) for n, parts in after.parts.items()}
        )

    monkeypatch.setattr(ArmPlanner, "_enlarged", faulty)
    with pytest.raises(
        NeuplugError, match=r"internal error: .* went into it, which is a test image"
    ):
        ask(leaky, tmp_path, resplit=True, aug=[arm])
    assert lab() == []
    assert not (tmp_path / "runs").exists()


def test_an_image_that_is_bound_to_a_test_image_is_no_training_image(leaky: Path) -> None:
    """A fault planted in the splits: they know nothing of duplicates."""
    settings = {"data": str(leaky), "clf": ["linear"], "aug": ["jitter"], "repeats": 8}
    config = resolve(flags={**settings, "imgsz": 24, "resplit": True}, environment={})
    dataset = load_dataset(leaky, imgsz=(24, 24))
    assert provenance(make_plan(config, dataset, discover()))
    unbound = dataclasses.replace(dataset, groups=dataset.images.ids)
    plan = make_plan(config, unbound, discover())
    assert provenance(plan)
    plan.dataset = dataset
    with pytest.raises(NeuplugError, match="which is bound to a test image of the same repeat"):
        provenance(plan)


def test_generated_images_of_unknown_generators_are_refused() -> None:
    check_parents(["abc"], ["", "a/1.png", "generator abc"], "here")
    with pytest.raises(NeuplugError, match="arm x has images of generator abd, whose training"):
        check_parents(["abc"], ["generator abd"], "arm x")
