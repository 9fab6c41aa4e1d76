"""What generators saw is proved."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.lab import Log

from neuplug.data.dataset import load_dataset
from neuplug.errors import NeuplugError
from neuplug.experiment.analysis.about import provenance
from neuplug.experiment.config import resolve
from neuplug.experiment.planning import ArmPlanner, make_plan
from neuplug.experiment.tasks import Mixture

from ..leaking import ask_of

pytestmark = pytest.mark.usefixtures("lab")


def test_every_generated_image_has_its_proof(leaky: Path, tmp_path: Path) -> None:
    result = ask_of(leaky, tmp_path, resplit=True, aug=["invert+jitter", "jitter+jitter"], val=0.3)
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


@pytest.mark.parametrize("arm", ["jitter", "invert+jitter", "jitter+invert+jitter"])
def test_a_test_image_in_a_pool_stops_the_run_before_anything_is_trained(
    leaky: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arm: str, lab: Log
) -> None:
    """A fault planted in the planning: every stage sees a test image."""
    enlarged = ArmPlanner._enlarged

    def faulty(self: ArmPlanner, mixture: Mixture, stage: Any, amount: Any) -> Mixture:
        wrong = self.split.test[0]
        images = self.plan.dataset.images
        name = images.classes[int(images.labels[wrong])]
        slip = self.plan.real([wrong])
        seen = {**mixture.parts, name: (*mixture.parts[name], slip)}
        after = enlarged(self, Mixture(parts=seen), stage, amount)
        return Mixture(
            parts={n: tuple(p for p in parts if p != slip) for n, parts in after.parts.items()}
        )

    monkeypatch.setattr(ArmPlanner, "_enlarged", faulty)
    with pytest.raises(
        NeuplugError, match=r"internal error: .* went into it, which is a test image"
    ):
        ask_of(leaky, tmp_path, resplit=True, aug=[arm])
    assert lab() == []
    assert not (tmp_path / "runs").exists()


def test_an_image_that_is_bound_to_a_test_image_is_no_training_image(leaky: Path) -> None:
    """A fault planted in the splits: they know nothing of duplicates."""
    settings = {"data": str(leaky), "clf": ["linear"], "aug": ["jitter"], "repeats": 8}
    config = resolve(flags={**settings, "imgsz": 24, "resplit": True}, environment={})
    dataset = load_dataset(leaky, imgsz=(24, 24))
    assert provenance(make_plan(config, dataset))
    unbound = dataclasses.replace(dataset, groups=dataset.images.ids)
    plan = make_plan(config, unbound)
    assert provenance(plan)
    plan.dataset = dataset
    with pytest.raises(NeuplugError, match="which is bound to a test image of the same repeat"):
        provenance(plan)
