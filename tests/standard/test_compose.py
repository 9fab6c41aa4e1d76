"""The main job with the packages of this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import neuplug
from neuplug import ImageSet, InputError
from neuplug.experiment.reading import read_curves


def test_first_party_from_end_to_end(ask: Any) -> None:
    result = ask(
        report=True,
        aug=["flip", "dcgan", "classical+dcgan"],
        clf=["smallcnn"],
        add=5,
        options={"dcgan": {"steps": 4, "ngf": 4, "ndf": 4, "grids": 2}},
    )
    content = result.results
    curves = read_curves(result.folder)
    assert [arm.name for arm in content.arms] == ["none", "flip", "dcgan", "classical+dcgan"]
    assert len(content.cells) == 4 * 2
    by_arm = {(c.arm, c.repeat): c for c in content.cells}
    assert by_arm["none", 0].train_images == {"real": 12}
    assert by_arm["flip", 0].train_images == {"real": 12}  # acts on each batch
    assert by_arm["dcgan", 0].train_images == {"real": 12, "dcgan": 10}
    chained = {"real": 12, "classical": 10, "dcgan": 10}
    assert by_arm["classical+dcgan", 1].train_images == chained
    assert {c.steps for c in content.cells} == {10}
    assert {c.test_images for c in content.cells} == {28}
    for cell in content.cells:
        assert sum(map(sum, cell.test.confusion)) == 28
        assert curves.classifiers[cell.key]["train_loss"][-1][0] == 10
    assert len(content.generators) == 2 * (2 + 1) * 2  # arms, classes and their start, repeats
    assert all("discriminator" in curves.generators[g.key] for g in content.generators)
    assert set(result.verdicts()) == {
        ("flip", "smallcnn"), ("dcgan", "smallcnn"), ("classical+dcgan", "smallcnn")
    }  # fmt: skip
    files = {f.name for f in result.folder.iterdir()}
    assert files >= {
        "config.yaml", "env.json", "manifest.csv", "results.csv", "results.json",
        "predictions.csv",
        "samples", "figures", "report.html", "log.txt", "plan.json", "events.jsonl", "status.json",
    }  # fmt: skip
    assert "dcgan" in result.report.read_text("utf-8")
    assert "smallcnn" in str(result)


def test_a_diverging_generator_stops_with_its_name(ask: Any) -> None:
    with pytest.raises(neuplug.TrainingDiverged, match=r"dcgan, repeat 1, .*loss is"):
        ask(
            aug=["dcgan"],
            clf=["smallcnn"],
            repeats=1,
            options={"dcgan": {"lr": 1e30, "steps": 30, "ngf": 4, "ndf": 4}},
        )


def test_an_image_size_that_a_plugin_refuses_leaves_nothing(ask: Any, tmp_path: Path) -> None:
    small = ImageSet(
        torch.randint(0, 255, (40, 1, 20, 20), dtype=torch.uint8), torch.arange(40) % 2,
        ("a", "b"), tuple(map(str, range(40))),
    )  # fmt: skip
    with pytest.raises(InputError, match="28 to 256"):
        neuplug.compose(
            small, aug=["dcgan"], clf=["smallcnn"], per_class=5, workers=0,
            project=tmp_path / "runs", training={"steps": 2},
        )  # fmt: skip
    assert not (tmp_path / "runs").exists()
