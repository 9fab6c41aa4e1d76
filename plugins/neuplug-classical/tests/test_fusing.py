"""Chains of classical augmenters become one pipeline: what stays equal and what gets better."""

from __future__ import annotations

import pytest
import torch

from neuplug import Augmenter

ANY = {"probability": 1}


def one_by_one(images, augmenters, generator):
    for augmenter in augmenters:
        images = augmenter.augment(images, generator)
    return images


@pytest.mark.parametrize(
    "names",
    [
        ("flip", "flip"),
        ("flip", "noise"),
        ("rotate", "color"),
        ("elastic", "blur"),
        ("color", "sharpen"),
        ("noise", "noise"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_fused_is_the_chain_where_nothing_is_resampled_or_moved(
    names, channels, textures, load, rng
):
    images = textures(12, channels)
    first, second = (load(name) for name in names)
    fused = first.fuse(second)
    assert fused is not None
    expected = one_by_one(images, (first, second), rng(3))
    assert torch.equal(fused.augment(images, rng(3)), expected)


def test_classical_is_its_operations_fused(textures, load, rng):
    images = textures(32, 3, 40, 50)
    flip, zoom, rotate, translate = (load(n) for n in ("flip", "zoom", "rotate", "translate"))
    fused = flip.fuse(zoom).fuse(rotate).fuse(translate)
    classical = load("classical")
    assert torch.equal(fused.augment(images, rng(4)), classical.augment(images, rng(4)))


def test_how_a_chain_is_bracketed_does_not_matter(textures, load, rng):
    images = textures(12)
    a, b, c = load("rotate"), load("noise"), load("zoom")
    left, right = a.fuse(b).fuse(c), a.fuse(b.fuse(c))
    assert torch.equal(left.augment(images, rng()), right.augment(images, rng()))


def test_one_warp_keeps_detail_that_three_lose(textures, load, rng):
    images = textures(8)
    steps = [load("rotate", **ANY), load("zoom", **ANY), load("shear", **ANY)]
    fused = steps[0].fuse(steps[1]).fuse(steps[2])
    once = fused.augment(images, rng()).double().std()
    thrice = one_by_one(images, steps, rng()).double().std()
    assert once > 1.15 * thrice


def test_geometry_runs_first_so_noise_is_not_smoothed(load, rng):
    grey = torch.full((8, 1, 64, 64), 128, dtype=torch.uint8)
    noise = load("noise", min_std=0.1, max_std=0.1, **ANY)
    rotate = load("rotate", **ANY)
    fused = noise.fuse(rotate).augment(grey, rng()).double().std()
    chained = one_by_one(grey, (noise, rotate), rng()).double().std()
    assert float(fused) == pytest.approx(25.5, rel=0.02)
    assert chained < 0.85 * 25.5


def test_two_that_sample_differently_stay_apart(load):
    rotate, zoom = load("rotate"), load("zoom", border="constant")
    assert rotate.fuse(zoom) is None
    assert rotate.fuse(load("zoom", interpolation="cubic")) is None
    # a flip and a pixel operation sample nothing, so they go with either
    for neutral in (load("flip"), load("noise")):
        assert neutral.fuse(rotate) is not None
        assert zoom.fuse(neutral) is not None
        assert rotate.fuse(neutral).fuse(zoom) is None


def test_the_sampling_of_either_member_is_kept(textures, load, rng):
    images = textures()
    dark = load("translate", min_x=0.5, max_x=0.5, border="constant", **ANY)
    for fused in (load("flip").fuse(dark), dark.fuse(load("flip"))):
        assert (fused.augment(images, rng()) == 0).float().mean() > 0.45


def test_the_larger_number_of_threads_counts(load, textures, rng):
    images = textures()
    fused = load("rotate", threads=3).fuse(load("noise"))
    assert fused.threads == 3
    expected = load("rotate").fuse(load("noise")).augment(images, rng())
    assert torch.equal(fused.augment(images, rng()), expected)


def test_a_foreign_augmenter_is_not_fused(load):
    class Invert(Augmenter):
        def augment(self, images, rng):
            return 255 - images

    assert load("flip").fuse(Invert()) is None
