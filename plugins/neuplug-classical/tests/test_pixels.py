"""Each pixel operation does what it says, on grey and on RGB images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

NO_COLOR = {
    f"{side}_{what}": value
    for what, value in (("brightness", 1), ("contrast", 1), ("saturation", 1), ("hue", 0))
    for side in ("min", "max")
}


def color(**amounts):
    changed = {f"{side}_{k}": v for k, v in amounts.items() for side in ("min", "max")}
    return {"probability": 1, **NO_COLOR, **changed}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("std", [0.02, 0.1])
def test_noise_has_its_deviation_and_no_mean(std, channels, load, rng):
    grey = torch.full((8, channels, 64, 64), 128, dtype=torch.uint8)
    noisy = load("noise", probability=1, min_std=std, max_std=std).augment(grey, rng()).double()
    assert float(noisy.std()) == pytest.approx(255 * std, rel=0.03)
    assert float(noisy.mean()) == pytest.approx(128, abs=0.3)


def test_noise_is_independent_between_images_channels_and_pixels(load, rng):
    grey = torch.full((4, 3, 64, 64), 128, dtype=torch.uint8)
    noise = load("noise", probability=1, min_std=0.1, max_std=0.1).augment(grey, rng()) - 128.0
    correlation = np.corrcoef(noise.flatten(2).flatten(0, 1).numpy())
    assert np.abs(correlation - np.eye(12)).max() < 0.08
    neighbours = np.corrcoef(noise[..., :-1].flatten(), noise[..., 1:].flatten())[0, 1]
    assert abs(neighbours) < 0.02


def test_noise_differs_between_very_many_images(load, rng):
    # a 16-bit seed for each image would repeat itself: 1 - exp(-n²/2^17), nearly surely
    grey = torch.full((3000, 1, 4, 4), 128, dtype=torch.uint8)
    noisy = load("noise", probability=1, min_std=0.2, max_std=0.2).augment(grey, rng())
    assert len({image.numpy().tobytes() for image in noisy}) == 3000


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_is_a_factor(channels, load, rng, textures):
    images = textures(4, channels)
    brighter = load("color", **color(brightness=1.2)).augment(images, rng())
    expected = (images.double() * 1.2).clamp(0, 255)
    assert (brighter - expected).abs().max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_scales_about_the_mean(channels, load, rng, textures):
    images = textures(4, channels)
    flatter = load("color", **color(contrast=0.5)).augment(images, rng()).double()
    assert float(flatter.std() / images.double().std()) == pytest.approx(0.5, rel=0.02)
    assert float(flatter.mean() - images.double().mean()) == pytest.approx(0, abs=1)


def test_saturation_and_hue_change_rgb_and_leave_grey_alone(load, rng, textures):
    rgb, grey = textures(4, 3), textures(4, 1)
    for amounts in ({"saturation": 0.3}, {"hue": 0.2}):
        augmenter = load("color", **color(**amounts))
        assert torch.equal(augmenter.augment(grey, rng()), grey)
        changed = augmenter.augment(rgb, rng())
        assert (changed.double() - rgb).abs().mean() > 10
    dull = load("color", **color(saturation=0)).augment(rgb, rng())
    assert torch.equal(dull[:, 0], dull[:, 1]) and torch.equal(dull[:, 1], dull[:, 2])


def test_channels_are_red_green_blue(load, rng):
    red = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    red[:, 0] = 200
    green = load("color", **color(hue=1 / 3)).augment(red, rng())  # a third of a turn
    assert green[0, :, 0, 0].tolist() == [0, 200, 0]
    dull = load("color", **color(saturation=0)).augment(red, rng())
    assert int(dull[0, 0, 0, 0]) == round(0.299 * 200)  # the luma of red, not of blue


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_blur_is_a_gaussian_filter(sigma, channels, load, rng, textures):
    images = textures(2, channels)
    blurred = load("blur", probability=1, min_sigma=sigma, max_sigma=sigma).augment(images, rng())
    for image, result in zip(images.flatten(0, 1), blurred.flatten(0, 1), strict=True):
        expected = gaussian_filter(image.numpy().astype(float), sigma, mode="mirror", truncate=3.5)
        assert np.abs(result.numpy() - expected).max() < 3
        assert np.abs(result.numpy() - expected).mean() < 0.7


@pytest.mark.parametrize("channels", [1, 3])
def test_sharpen_enhances_edges_and_keeps_the_mean(channels, load, rng, waves):
    images = waves(4, channels)
    sharp = load("sharpen", probability=1).augment(images, rng()).double()

    def edges(x):
        return x.double().diff(dim=2).square().mean() + x.double().diff(dim=3).square().mean()

    assert edges(sharp) > 1.05 * edges(images)
    assert float(sharp.mean() - images.double().mean()) == pytest.approx(0, abs=0.5)
    flat = torch.full((2, channels, 16, 16), 77, dtype=torch.uint8)
    assert torch.equal(load("sharpen", probability=1).augment(flat, rng()), flat)
