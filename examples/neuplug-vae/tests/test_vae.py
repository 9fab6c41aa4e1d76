"""What it learns, on images that are drawn here."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

import neuplug
from neuplug import Checkpoint, FitContext, InputError, TrainingDiverged, TrainingSet
from neuplug_vae.model import ConvolutionalVAE, pyramid
from neuplug_vae.objective import objective

SIZES = [(28, 28), (33, 47), (64, 64), (100, 50), (28, 256), (256, 256)]
CPU = torch.device("cpu")


def bars(n: int, seed: int = 0, channels: int = 1) -> TrainingSet:
    """Dark images of 28x28 with a broad bright bar, in turn lying and standing, somewhere."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(20, 40, (n, channels, 28, 28), generator=rng, dtype=torch.uint8)
    labels = torch.arange(n) % 2
    for i, label in enumerate(labels.tolist()):
        at = int(torch.randint(1, 19, (), generator=rng))
        if label == 0:
            images[i, :, at : at + 8] += 180
        else:
            images[i, :, :, at : at + 8] += 180
    return TrainingSet(images, labels, ("lying", "standing"), tuple(map(str, range(n))))


def context(seed: int = 0, checkpoint: Checkpoint | None = None) -> FitContext:
    return FitContext(CPU, seed, "vae for test", checkpoint=checkpoint or Checkpoint())


def distance(images: Tensor, to: Tensor) -> float:
    """Mean over images of the root mean square to the nearest of ``to``, in grey levels."""
    gaps = torch.cdist(images.float().flatten(1), to.float().flatten(1))
    return float(gaps.min(1).values.mean()) / images[0].numel() ** 0.5


@pytest.fixture(scope="module")
def fitted() -> Any:
    """One that has learned lying bars, and its record."""
    vae: Any = neuplug.load("vae", steps=400, width=8, latent_dim=8)
    train = bars(120).of_class(0)
    return vae, vae.fit(train, context())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_fit_every_size(size: tuple[int, int], channels: int) -> None:
    network = ConvolutionalVAE(size, channels, 5, 2)
    images = torch.rand(2, channels, *size) * 2 - 1
    labels = torch.zeros(2, dtype=torch.int64)
    drawn, mean, log_variance = network(images, labels, torch.randn(2, 5))
    assert drawn.shape == images.shape and drawn.abs().max() <= 1
    assert mean.shape == log_variance.shape == (2, 5)
    objective(images, drawn, mean, log_variance, 1.0, 1.0).loss.backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert 4 <= min(pyramid(size)[-1]) < 8


def test_the_divergence_is_that_of_normal_distributions() -> None:
    mean, log_variance = torch.randn(3, 4), torch.randn(3, 4)
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    standard = torch.distributions.Normal(0.0, 1.0)
    known = torch.distributions.kl_divergence(normal, standard).sum(1).mean()
    black, white = -torch.ones(3, 1, 2, 2), torch.ones(3, 1, 2, 2)
    found = objective(black, white, mean, log_variance, 0.5, 4.0)
    torch.testing.assert_close(found.divergence, known)
    assert float(found.error) == 255
    torch.testing.assert_close(found.loss, 0.5 + 0.5 * known)


def test_reconstructions_and_samples_are_near_the_data(fitted: Any) -> None:
    """Nearer than noise of the same grey levels, and for images it has never seen too."""
    vae, record = fitted
    unseen = bars(80, seed=1).of_class(0)
    shuffled = unseen.images.flatten()[
        torch.randperm(unseen.images.numel(), generator=torch.Generator().manual_seed(0))
    ].view_as(unseen.images)
    noise = distance(shuffled, unseen.images)
    restored = vae.decode(vae.encode(unseen.images, unseen.labels), unseen.labels)
    error = float((restored - unseen.images.float()).square().mean().sqrt())
    assert error < noise / 2
    drawn = vae.sample(torch.zeros(40, dtype=torch.int64), 3)
    assert distance(drawn, unseen.images) < 0.6 * noise
    # they lie, as the data do: rows differ more than columns
    grey = drawn.float().mean(1)
    assert (grey.mean(2).std(1) > 2 * grey.mean(1).std(1)).float().mean() > 0.9
    # and they are not one image over and over
    assert drawn.float().std(0).mean() > unseen.images.float().std(0).mean() / 3
    errors = [value for _, value in record.curves["reconstruction error"]]
    assert errors[-1] < errors[0] / 2
    assert not record.warnings
    assert set(record.units) == set(record.curves) - {"loss"}


def test_noise_belongs_to_sampling_alone(fitted: Any) -> None:
    """It makes neighbouring pixels differ by as much as reconstructions are off."""
    vae, record = fitted
    noisy: Any = neuplug.load("vae", steps=400, width=8, latent_dim=8, noise=True)
    noisy.load_state_dict(vae.state_dict())
    labels = torch.zeros(40, dtype=torch.int64)
    gap = noisy.sample(labels, 3).float() - vae.sample(labels, 3).float()
    inside = (vae.sample(labels, 3) > 60) & (vae.sample(labels, 3) < 190)
    assert abs(float(gap[inside].std()) / record.curves["reconstruction error"][-1][1] - 1) < 0.2
    assert "noise" in type(vae).sampling_options


def test_decode_has_gradients_and_agrees_with_sample(fitted: Any) -> None:
    vae, _ = fitted
    labels = torch.zeros(5, dtype=torch.int64)
    latents = torch.randn(5, vae.latent_dim, generator=torch.Generator().manual_seed(7))
    latents.requires_grad_(True)
    images = vae.decode(latents, labels)
    images.sum().backward()
    assert latents.grad is not None and latents.grad.abs().sum() > 0
    assert (images.round() - vae.sample(labels, 7).float()).abs().max() <= 1


def test_conditional_draws_the_class_that_is_asked_for() -> None:
    vae: Any = neuplug.load("vae", conditional=True, steps=250, width=8)
    assert vae.conditional
    vae.fit(bars(120), context())
    labels = torch.arange(40) % 2
    grey = vae.sample(labels, 0).float().mean(1)
    standing = grey.mean(1).std(1) > grey.mean(2).std(1)
    assert (standing == labels.bool()).float().mean() > 0.9


class Kept(Checkpoint):
    """Keeps the ``last``-th tree that it is given, then ends the fit."""

    def __init__(self, last: int) -> None:
        self.tree: dict[str, Any] | None = None
        self.saves, self.last = 0, last

    def save(self, tree: Mapping[str, Any]) -> None:
        self.saves += 1
        if self.saves == self.last:
            self.tree = copy.deepcopy(dict(tree))
            raise KeyboardInterrupt

    def load(self) -> dict[str, Any] | None:
        return self.tree


@pytest.mark.parametrize("conditional", [False, True])
def test_an_interrupted_fit_comes_to_the_same_bit_for_bit(
    conditional: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """7 images in batches of 5: the interruption falls within a pass over them."""
    train = bars(14) if conditional else bars(14).of_class(1)

    def make() -> Any:
        return neuplug.load("vae", steps=40, width=2, batch=5, conditional=conditional)

    whole, resumed = make(), make()
    expected = whole.fit(train, context())
    monkeypatch.setattr("neuplug_vae.training.CHECKPOINT_SECONDS", 0.0)
    ticks = iter(range(10_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    checkpoint = Kept(last=3)
    with pytest.raises(KeyboardInterrupt):
        make().fit(train, context(checkpoint=checkpoint))
    assert checkpoint.tree is not None and 0 < checkpoint.tree["step"] < 40
    found = resumed.fit(train, context(checkpoint=checkpoint))
    assert [(k, [tuple(p) for p in v]) for k, v in found.curves.items()] == list(
        expected.curves.items()
    )
    for one, other in zip(expected.grids, found.grids, strict=True):
        assert one[0] == other[0] and torch.equal(one[1], other[1])
    weights = resumed.state_dict()["weights"]
    for name, value in whole.state_dict()["weights"].items():
        assert torch.equal(value, weights[name]), name


def test_a_batch_may_be_larger_than_the_set() -> None:
    vae: Any = neuplug.load("vae", steps=3, width=2, batch=11)
    vae.fit(bars(6).of_class(0), context())
    assert vae.sample(torch.zeros(70, dtype=torch.int64), 0).shape == (70, 1, 28, 28)


def test_silent_latents_are_told() -> None:
    vae: Any = neuplug.load("vae", steps=40, width=2, beta=1e3)
    record = vae.fit(bars(20).of_class(0), context())
    assert "lower beta" in record.warnings[0]


def test_a_loss_that_is_not_finite_ends_the_fit() -> None:
    vae: Any = neuplug.load("vae", steps=30, width=2, lr=1e30)
    with pytest.raises(TrainingDiverged, match="lower the learning rate"):
        vae.fit(bars(8).of_class(0), context())


@pytest.mark.parametrize("size", [(20, 64), (64, 300)])
def test_sizes_out_of_range_are_refused(size: tuple[int, int]) -> None:
    vae: Any = neuplug.load("vae")
    with pytest.raises(InputError, match="28 to 256"):
        vae.check_images(1, size)


def test_before_a_fit_there_is_nothing_to_draw() -> None:
    vae: Any = neuplug.load("vae")
    with pytest.raises(RuntimeError, match="fit the generator"):
        vae.sample(torch.zeros(1, dtype=torch.int64), 0)
