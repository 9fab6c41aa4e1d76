"""Two trainings of one arm, which differ in their seeds alone: no verdict may tell them apart.

The predictions are those of real networks on data that is not easy, so that chance is as it is in a
run: test images that most networks get wrong, repeats that go badly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from neuplug_tests.lab import SITE
from numpy.typing import NDArray

import neuplug
from neuplug.data.imageset import HeldOutSet, TrainingSet
from neuplug.experiment.analysis.statistics import paired_difference
from neuplug.experiment.analysis.verdicts import verdict
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions

REPEATS, TEST = 24, 240


@dataclass
class Trained:
    """Whether each test image is classified rightly: bool (repeats, images)."""

    one: NDArray[np.bool_]
    other: NDArray[np.bool_]
    worse: NDArray[np.bool_]


def textures(n: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with a faint stripe, standing or lying; some stripes are lost in it."""
    labels = torch.randint(0, 2, (n,), generator=rng)
    images = torch.randn(n, 1, 16, 16, generator=rng) * 28 + 120
    strength = torch.rand(n, generator=rng) * 90
    for i, label in enumerate(labels):
        at = int(torch.randint(1, 14, (), generator=rng))
        if label:
            images[i, 0, at : at + 2] += strength[i]
        else:
            images[i, 0, :, at : at + 2] += strength[i]
    return images.clamp(0, 255).to(torch.uint8), labels


@pytest.fixture(scope="module")
def trained() -> Trained:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SITE))
        network = neuplug.load("conv", channels=8)
    rng = torch.Generator().manual_seed(0)
    pool, pool_labels = textures(400, rng)
    images, labels = textures(TEST, rng)
    classes, names = ("lying", "standing"), tuple(f"test/{i}" for i in range(TEST))
    test = HeldOutSet(images, labels, classes, names)

    def right(drawn: torch.Tensor, seed: int, steps: int) -> NDArray[np.bool_]:
        train = TrainingSet(
            pool[drawn], pool_labels[drawn], classes, tuple(f"train/{int(i)}" for i in drawn)
        )
        fitted, _ = fit_classifier(
            network,
            train,
            TrainingOptions(steps=steps, batch=8),
            neuplug.FitContext(device=torch.device("cpu"), seed=seed),
        )
        found: NDArray[np.bool_] = (fitted.predict(test).argmax(1) == labels).numpy()
        return found

    rows: list[list[NDArray[np.bool_]]] = [[], [], []]
    for repeat in range(REPEATS):
        drawn = torch.randperm(400, generator=rng)[:40]
        for row, seed, steps in ((0, 2 * repeat, 60), (1, 2 * repeat + 1, 60), (2, repeat, 15)):
            rows[row].append(right(drawn, seed, steps))
    return Trained(*map(np.stack, rows))


def verdicts(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], swap: bool) -> list[str]:
    """Of 1000 runs of five repeats and 120 test images each."""
    rng = np.random.default_rng(0)
    differences = ours.astype(float) - theirs
    found = []
    for _ in range(1000):
        repeats = rng.choice(REPEATS, 5, replace=False)
        images = rng.choice(TEST, 120, replace=False)
        signs = rng.choice([-1, 1], 5) if swap else np.ones(5)
        rows = [sign * differences[i, images] for sign, i in zip(signs, repeats, strict=True)]
        difference = paired_difference(rows, [images] * 5)
        found.append(verdict(difference, difference.p))
    return found


@pytest.mark.slow
def test_same_against_same_is_told_apart_in_at_most_5_of_100_runs(trained: Trained) -> None:
    assert 0.6 < trained.one.mean() < 0.95  # neither hopeless nor too easy to differ
    assert (trained.one != trained.other).mean() > 0.05
    found = verdicts(trained.one, trained.other, swap=True)
    assert 1000 - found.count("no evidence") <= 50


@pytest.mark.slow
def test_a_true_difference_is_found(trained: Trained) -> None:
    """The same machinery, so that the test above cannot pass by never deciding."""
    assert trained.one.mean() - trained.worse.mean() > 0.04
    found = verdicts(trained.one, trained.worse, swap=False)
    assert found.count("helps") > 600 and found.count("harms") == 0
