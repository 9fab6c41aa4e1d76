"""Adversarial trainings on a GPU: captured or as written, alone or beside others."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars

import neuplug
import neuplug_gan.trainer as training
from neuplug import FitContext

GPU = torch.device("cuda", 0)
LABELS = torch.zeros(16, dtype=torch.int64)


def drawn(name: str, seed: int = 1, **options: Any) -> torch.Tensor:
    train = draw_bars(40, 0, neuplug.TrainingSet).of_class(0)
    gan = neuplug.load(name, steps=30, grids=1, precision="fp32", **options)
    gan.fit(train, FitContext(GPU, seed))
    latents = torch.randn(16, gan.latent_dim, generator=torch.Generator().manual_seed(2))
    return gan.decode(latents, LABELS).detach()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dcgan", {}),
        ("dcgan", {"diffaugment": "color,translation,cutout", "input_noise": 0.05, "d_steps": 2}),
        ("dcgan", {"loss": "bce", "spectral_norm": False, "ema": 0.0}),
        ("edcgan", {"diffaugment": "translation"}),  # with dropout
    ],
)
def test_a_captured_training_is_the_one_as_written(
    name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*without a CUDA graph.*")
        fast = drawn(name, **options)
    monkeypatch.setattr(training, "captured", lambda step, device, generators: step)
    assert torch.allclose(fast, drawn(name, **options), atol=2.0)  # grey levels
    assert not torch.allclose(fast, drawn(name, seed=2, **options), atol=2.0)


def test_what_cannot_be_captured_trains_all_the_same() -> None:
    assert drawn("dcgan", decay=0.01).isfinite().all()


@pytest.mark.parametrize("workers", [4, 8])
def test_several_on_one_gpu_change_nothing(workers: int, tmp_path: Any) -> None:
    settings: dict[str, Any] = {
        "aug": "dcgan@add=10", "clf": "smallcnn", "imgsz": 32, "repeats": 2, "per_class": 10,
        "training": {"steps": 20}, "options": {"dcgan": {"steps": 20}}, "device": "cuda",
        "report": False,
    }  # fmt: skip
    found = []
    for count in (1, workers):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEUPLUG_CACHE", str(tmp_path / str(count)))
            run = neuplug.compose(**settings, workers=count, project=tmp_path / f"runs{count}")
        rows = (run.folder / "results.csv").read_text().splitlines()
        found.append([row.split(",")[:-1] for row in rows])  # without seconds
    assert found[0] == found[1]
