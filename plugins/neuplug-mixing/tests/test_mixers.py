"""What is mixed, in which shares, and that targets say so."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

import neuplug
from neuplug import ImageSet, Mixer

NAMES = ["mixup", "cutmix", "patchmix"]
every = pytest.mark.parametrize("name", NAMES)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixer(name: str, **options: Any) -> Mixer:
    found = neuplug.load(name, **options)
    assert isinstance(found, Mixer)
    return found


def one_hot(labels: Tensor, classes: int = 2) -> Tensor:
    return torch.nn.functional.one_hot(labels, classes).float()


def black_and_white(n: int, channels: int = 1, size: int = 24) -> tuple[Tensor, Tensor]:
    """Black images of class 0 and white ones of class 1, in turn."""
    labels = torch.arange(n) % 2
    images = (labels * 255).byte().view(-1, 1, 1, 1).expand(n, channels, size, size)
    return images.contiguous(), one_hot(labels)


def noise(n: int, channels: int = 1, size: int = 20) -> Tensor:
    return torch.randint(0, 256, (n, channels, size, size), generator=rng(5), dtype=torch.uint8)


# Shares


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_of_mixup_are_beta(alpha: float) -> None:
    images, targets = black_and_white(6000, size=2)
    _, mixed = mixer("mixup", alpha=alpha).mix(images, targets, rng())
    own = mixed.gather(1, targets.argmax(1, keepdim=True))[:, 0]
    other = own[(mixed != targets).any(1)].double()  # whose partner is of the other class
    assert 2500 < len(other) < 3500
    assert stats.kstest(other.numpy(), stats.beta(alpha, alpha).cdf).pvalue > 0.01


def test_another_alpha_is_seen() -> None:
    """The test above finds shares that are of another distribution."""
    images, targets = black_and_white(6000, size=2)
    _, mixed = mixer("mixup", alpha=1.0).mix(images, targets, rng())
    own = mixed.gather(1, targets.argmax(1, keepdim=True))[:, 0].double()
    assert stats.kstest(own[own < 1].numpy(), stats.beta(1.5, 1.5).cdf).pvalue < 1e-6


@pytest.mark.parametrize("channels", [1, 3])
def test_targets_of_mixup_are_the_grey_levels(channels: int) -> None:
    images, targets = black_and_white(400, channels)
    mixed, shares = mixer("mixup", alpha=1.0).mix(images, targets, rng())
    assert (mixed == mixed[:, :1, :1, :1]).all()  # every pixel in the same share
    levels = mixed[:, 0, 0, 0].double() / 255
    assert (levels - shares[:, 1]).abs().max() <= 0.5 / 255 + 1e-6  # rounded to the nearest
    assert len(levels.unique()) > 100


def rand_bbox(size: tuple[int, int], share: float, numbers: random.Random) -> float:
    """The area of the box that the code beside the paper cuts (Yun et al. 2019)."""
    height, width = size
    cut = (1.0 - share) ** 0.5
    cut_h, cut_w = int(height * cut), int(width * cut)
    cy, cx = numbers.randrange(height), numbers.randrange(width)
    low = max(cy - cut_h // 2, 0), max(cx - cut_w // 2, 0)
    high = min(cy + cut_h // 2, height), min(cx + cut_w // 2, width)
    return (high[0] - low[0]) * (high[1] - low[1]) / (height * width)


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_boxes_of_cutmix_are_those_of_the_paper(alpha: float) -> None:
    images, targets = black_and_white(6000, size=30)
    _, shares = mixer("cutmix", alpha=alpha, probability=1.0).mix(images, targets, rng())
    own = shares.gather(1, targets.argmax(1, keepdim=True))[:, 0]
    taken = (1 - own[own < 1]).double().numpy().round(5)
    numbers, drawn = random.Random(1), np.random.default_rng(1).beta(alpha, alpha, 6000)
    expected = [rand_bbox((30, 30), share, numbers) for share in drawn]
    assert stats.ks_2samp(taken, np.round([area for area in expected if area > 0], 5)).pvalue > 0.01


@pytest.mark.parametrize("channels", [1, 3])
def test_targets_of_cutmix_are_areas(channels: int) -> None:
    images, targets = black_and_white(300, channels)
    mixed, shares = mixer("cutmix", probability=1.0).mix(images, targets, rng())
    assert set(mixed.unique().tolist()) == {0, 255}
    areas = (mixed == 255).double().mean((1, 2, 3))
    assert (areas - shares[:, 1]).abs().max() < 1e-6
    assert ((areas > 0) & (areas < 1)).sum() > 60


@pytest.mark.parametrize("name", ["cutmix", "patchmix"])
def test_one_box_of_one_other_image_in_its_place(name: str) -> None:
    """The first channel says which image a pixel is of, the others where it was in it."""
    n, side = 60, 20
    at = torch.arange(side)
    images = torch.empty(n, 3, side, side, dtype=torch.uint8)
    images[:, 0] = torch.arange(n)[:, None, None]
    images[:, 1], images[:, 2] = at[:, None], at[None, :]
    mixed, _ = mixer(name, probability=1.0).mix(images, one_hot(torch.arange(n) % 2), rng())
    assert torch.equal(mixed[:, 1:], images[:, 1:])
    boxes = 0
    for i, image in enumerate(mixed[:, 0]):
        other = image != i
        assert len(image[other].unique()) <= 1
        assert torch.equal(other, other.any(1)[:, None] & other.any(0)[None, :])
        boxes += bool(other.any())
    assert boxes > 40


# Within a class


@pytest.mark.parametrize("channels", [1, 3])
def test_patchmix_stays_within_a_class(channels: int) -> None:
    labels = torch.tensor([0, 1, 0, 2, 1, 0, 0, 1] * 8)
    labels[labels == 2] = 0
    labels[3] = 2  # the only one of its class
    n = len(labels)
    images = torch.arange(n).byte().view(-1, 1, 1, 1).expand(n, channels, 16, 16).contiguous()
    targets = one_hot(labels, 4)
    mixed, kept = mixer("patchmix", probability=1.0).mix(images, targets, rng())
    assert torch.equal(kept, targets) and kept is not targets
    changed = 0
    for i, image in enumerate(mixed):
        shown = image.unique()
        assert len(shown) <= 2 and set(labels[shown.long()].tolist()) == {int(labels[i])}
        changed += not torch.equal(image, images[i])
    assert torch.equal(mixed[3], images[3])
    assert changed > 40


def test_patchmix_pairs_no_image_with_itself_where_there_are_two() -> None:
    images = torch.tensor([3, 200], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 1, 9, 9)
    for seed in range(20):
        mixed, _ = mixer("patchmix", alpha=50, probability=1.0).mix(
            images.contiguous(), one_hot(torch.tensor([1, 1])), rng(seed)
        )
        assert (mixed[0] == 200).any() and (mixed[1] == 3).any()


# What all three do


@every
@pytest.mark.parametrize("per", ["image", "batch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_types_and_sums(name: str, per: str, channels: int) -> None:
    for n in (0, 1, 2, 33):
        images, targets = noise(n, channels)[..., :13], one_hot(torch.arange(n) % 3, 3)
        before = images.clone(), targets.clone()
        mixed, shares = mixer(name, probability=1.0, per=per).mix(images, targets, rng())
        assert mixed.shape == images.shape and mixed.dtype == torch.uint8
        assert shares.shape == targets.shape and shares.dtype == torch.float32
        assert ((shares >= 0) & (shares <= 1)).all()
        assert (shares.sum(1) - 1).abs().max() < 1e-6 if n else True
        assert torch.equal(images, before[0]) and torch.equal(targets, before[1])


@every
def test_the_generator_decides(name: str) -> None:
    images, targets = noise(32), one_hot(torch.arange(32) % 2)
    used = mixer(name)
    torch.manual_seed(3)
    first = used.mix(images, targets, rng(1))
    torch.manual_seed(4)
    np.random.seed(4)
    for same in (used, mixer(name)):
        assert all(map(torch.equal, first, same.mix(images, targets, rng(1))))
    assert not torch.equal(first[0], used.mix(images, targets, rng(2))[0])
    going_on = rng(1)
    used.mix(images, targets, going_on)
    assert not torch.equal(first[0], used.mix(images, targets, going_on)[0])


@every
def test_a_single_image_and_a_single_class(name: str) -> None:
    one = mixer(name, probability=1.0).mix(noise(1), one_hot(torch.tensor([1])), rng())
    assert torch.equal(one[0], noise(1)) and one[1].tolist() == [[0, 1]]
    images, targets = noise(24), one_hot(torch.ones(24, dtype=torch.int64))
    mixed, shares = mixer(name, probability=1.0).mix(images, targets, rng())
    assert (mixed != images).flatten(1).any(1).sum() > 12  # within the class it is mixed
    assert torch.allclose(shares, targets)


@every
def test_the_probability_is_that_of_a_change(name: str) -> None:
    images = noise(2000, size=12)
    targets = one_hot(torch.arange(2000) % 2)
    for probability, low, high in ((0.0, 0, 0), (0.3, 0.24, 0.34), (1.0, 0.8, 1)):
        mixed, _ = mixer(name, probability=probability, alpha=4).mix(images, targets, rng())
        changed = (mixed != images).flatten(1).any(1).float().mean()
        assert low <= changed <= high


@every
def test_per_batch_all_share_one_draw(name: str) -> None:
    n = 64
    images = (torch.arange(n) * 4).byte().view(-1, 1, 1, 1).expand(n, 1, 16, 16).contiguous()
    targets = one_hot(torch.arange(n) % 2)
    seen: dict[str, set[Any]] = {}
    for per in ("image", "batch"):
        used = mixer(name, per=per, probability=1.0, alpha=4)
        mixed, shares = used.mix(images, targets, rng(2))
        if name == "mixup":
            own = shares.gather(1, targets.argmax(1, keepdim=True))[:, 0]
            seen[per] = {round(float(share), 4) for share in own[own < 1]}
        else:
            changed = mixed != images
            seen[per] = {bytes(place.numpy()) for place in changed if place.any()}
    assert len(seen["batch"]) == 1 and len(seen["image"]) > 10


def test_as_arms_of_a_run(tmp_path: Any) -> None:
    generator = rng()
    images = torch.randint(0, 256, (60, 1, 16, 16), generator=generator, dtype=torch.uint8)
    images[::2] //= 2
    result = neuplug.compose(
        ImageSet(images, torch.arange(60) % 2, ("dark", "bright"), tuple(map(str, range(60)))),
        aug=["mixup", "flip+cutmix@probability=1", "oversample+patchmix"],
        clf=["smallcnn"],
        per_class=8,
        repeats=2,
        workers=0,
        report=False,
        project=tmp_path / "runs",
        training={"steps": 10},
    )
    arms = {arm.name: arm for arm in result.results.arms}
    assert [stage.kind for stage in arms["mixup"].stages] == ["mixer"]
    assert arms["flip+cutmix@probability=1"].stages[1].options["cutmix"]["probability"] == 1
    assert not any(arm.control for arm in result.results.arms if arm.name == "mixup")
    assert {c.arm for c in result.results.comparisons} == arms.keys() - {"none"}
