"""TrivialAugment, RandAugment and AugMix against torchvision's; what crops and erasing keep."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from neuplug_classical import policies
from neuplug_classical.options import TrivialOptions

PEERS = {"trivial": v2.TrivialAugmentWide, "randaugment": v2.RandAugment, "augmix": v2.AugMix}


def changed(image: Tensor, name: str, strength: float, bits: int = 8) -> Tensor:
    """What one operation on pixels makes of an image, by a policy that has no other."""
    space = policies.Space({name: strength}, bits)
    rng = torch.Generator().manual_seed(0)
    draw = policies._operation(
        space, torch.ones(1).double().numpy(), image.shape[1:], rng, TrivialOptions()
    )
    result = torch.from_numpy(draw(image.permute(1, 2, 0).numpy(), 0))
    return result.view(*image.shape[1:], -1).permute(2, 0, 1)


@pytest.mark.parametrize(
    ("name", "strength", "expected"),
    [
        ("posterize", 4.0, lambda image: functional.posterize(image, 4)),
        ("solarize", 0.5, lambda image: functional.solarize(image, 127.5)),
        ("autocontrast", 0.0, functional.autocontrast),
        ("equalize", 0.0, functional.equalize),
        ("identity", 0.0, lambda image: image),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_operation_is_torchvision_s(name, strength, expected, channels, textures):
    image = textures(1, channels)[0]
    assert torch.equal(changed(image, name, strength), expected(image))


@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness"])
def test_factors_go_either_way(name, textures):
    image = textures(1, 3)[0]
    adjust = getattr(functional, f"adjust_{name}".replace("color", "saturation"))
    assert any(torch.equal(changed(image, name, 0.9), adjust(image, f)) for f in (0.1, 1.9))


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_policy_changes_as_much_as_torchvision_s(name, channels, textures, load, rng):
    """In the mean over many draws, within three tenths; the borders are filled otherwise."""
    images = textures(1, channels, 96, 96).expand(300, -1, -1, -1)
    ours = load(name).augment(images, rng()).float()
    torch.manual_seed(0)
    peer = PEERS[name]()
    # turned about a corner, as torchvision shears, and filled with black, more is lost
    theirs = torch.stack([peer(image) for image in images]).float()
    original = images[0].float()
    for distance in (
        (ours - original).abs().mean() / (theirs - original).abs().mean(),
        ours.mean() / theirs.mean(),
    ):
        assert 0.7 < float(distance) < 1.3


def test_augmix_without_strength_is_the_image_in_other_grey_levels(textures, load, rng):
    images = textures(32, 1, 40, 40)
    weak = load("augmix", severity=1, depth=1).augment(images, rng()).float() - images.float()
    strong = load("augmix", severity=10, depth=3).augment(images, rng()).float() - images.float()
    assert weak.abs().mean() < strong.abs().mean()


def test_randaugment_with_no_operation_changes_nothing(textures, load, rng):
    images = textures(4, 3)
    assert torch.equal(load("randaugment", operations=0).augment(images, rng()), images)


def test_a_wide_shift_leaves_two_thirds(textures):
    assert policies.wide((48, 320)).largest["translate_y"] == pytest.approx(1 / 3)
    assert policies.wide((48, 320)).largest["translate_x"] == pytest.approx(0.1)


def test_a_crop_shows_a_part_of_the_image_alone(load, rng):
    """A ramp: what a crop shows is as steep as the part is small, and within the image."""
    ramp = torch.arange(0, 256, 4, dtype=torch.uint8).expand(200, 1, 64, 64).contiguous()
    shown = load("crop", probability=1, min_area=0.25, max_area=0.25).augment(ramp, rng()).float()
    rise = shown[:, 0, 32, 56] - shown[:, 0, 32, 8]
    assert float(shown.min()) >= 0 and float(shown.max()) <= 252
    # a quarter of the area with ratios from 0.75 to 1.33: from 0.43 to 0.58 of the width
    assert float(rise.min()) / 192 > 0.42 and float(rise.max()) / 192 < 0.59
    assert float(shown[:, 0, 32, 32].std()) > 20


def test_erasing_loses_so_much_of_the_area(load, rng):
    white = torch.full((200, 1, 64, 64), 255, dtype=torch.uint8)
    lost = (load("erasing", probability=1).augment(white, rng()) == 0).float().mean((1, 2, 3))
    assert float(lost.min()) > 0.015 and float(lost.max()) < 0.34
    noise = load("erasing", probability=1, fill="noise").augment(white, rng())
    assert len(noise.unique()) > 100
    for image in lost:
        assert float(image) > 0


def test_erasing_before_a_turn_stays_before_it(load):
    assert load("erasing").fuse(load("rotate")) is None
    assert load("rotate").fuse(load("erasing")) is not None
    assert load("erasing").fuse(load("noise")) is not None
