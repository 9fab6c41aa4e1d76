"""Each geometric operation does what it says, and a chain of them is one map sampled once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates


def fixed(name, **amounts):
    """Options that leave nothing to chance: every range is one number."""
    options = {"probability": 1}
    for key, value in amounts.items():
        options |= {f"min_{key}": value, f"max_{key}": value}
    return name, options


@pytest.fixture
def do(load, rng):
    def act(images, name, options):
        return load(name, **options).augment(images, rng())

    return act


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 32, 32), (1, 31, 20), (3, 31, 20)])
def test_flips_are_exact(shape, textures, do):
    images = textures(4, *shape)
    for horizontal, vertical, dims in [(1, 0, [3]), (0, 1, [2]), (1, 1, [2, 3])]:
        flipped = do(images, "flip", {"horizontal": horizontal, "vertical": vertical})
        assert torch.equal(flipped, images.flip(dims))


def test_a_flip_has_its_probability(textures, do):
    images = textures(1).repeat(1000, 1, 1, 1)
    result = do(images, "flip", {"horizontal": 0.2, "vertical": 0})
    assert 0.16 < (result == images.flip([3])).flatten(1).all(dim=1).float().mean() < 0.24


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quarters", [-2, -1, 0, 1, 2, 3, 4])
def test_right_angles_are_exact_and_counter_clockwise(channels, quarters, textures, do):
    images = textures(3, channels, 33, 33)
    turned = do(images, *fixed("rotate", degrees=90 * quarters))
    assert torch.equal(turned, torch.rot90(images, quarters, dims=(2, 3)))


def test_half_a_turn_is_exact_for_every_shape_and_twice_nothing(textures, do):
    images = textures(3, 3, 20, 33)
    half = do(images, *fixed("rotate", degrees=180))
    assert torch.equal(half, images.flip([2, 3]))
    assert torch.equal(do(half, *fixed("rotate", degrees=180)), images)


def test_a_quarter_turn_keeps_the_shape_of_a_long_image(waves, do):
    images = waves(1, 1, 60, 90)
    turned = do(images, *fixed("rotate", degrees=90))
    # the square in the middle is the turned square; half pixels between, as 60 and 90 are even
    expected = torch.rot90(images[..., 15:75], 1, dims=(2, 3))
    assert (turned[..., 15:75].int() - expected.int()).abs().max() <= 2


def blob(height=65, width=65, y=32, x=32, radius=9):
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return (inside * 200).to(torch.uint8)[None, None]


def centroid(image):
    weights = image.double().squeeze()
    rows, columns = torch.meshgrid(*(torch.arange(n) for n in weights.shape), indexing="ij")
    return tuple(float((weights * c).sum() / weights.sum()) for c in (rows, columns))


@pytest.mark.parametrize("factor", [0.7, 0.9, 1.2, 2.0])
def test_zoom_scales_about_the_centre(factor, do):
    name, options = fixed("zoom", factor=factor)
    zoomed = do(blob(), name, options | {"border": "constant"})
    area = zoomed.double().sum() / blob().double().sum()
    assert float(area) == pytest.approx(factor**2, rel=0.03)
    assert centroid(zoomed) == pytest.approx((32, 32), abs=0.1)


def test_rotate_turns_counter_clockwise_about_the_centre(do):
    name, options = fixed("rotate", degrees=30)
    turned = do(blob(x=50), name, options | {"border": "constant"})  # from the right upwards
    assert centroid(turned) == pytest.approx((32 - 9, 32 + 18 * 3**0.5 / 2), abs=0.15)


def test_translate_shifts_by_whole_pixels_right_and_down(textures, do):
    images = textures(3, 3, 40, 50)
    name, options = fixed("translate", x=0.1, y=-0.2)
    moved = do(images, name, options)
    assert torch.equal(moved[..., :-8, 5:], images[..., 8:, :-5])
    nearly = fixed("translate", x=0.107, y=-0.193)  # 5.35 and 7.72 pixels
    assert torch.equal(do(images, *nearly), moved)


@pytest.mark.parametrize("border", ["reflect_101", "reflect", "replicate", "wrap", "constant"])
def test_the_border_is_what_was_asked_for(border, textures, do):
    images = textures(2, 1, 10, 20)
    name, options = fixed("translate", x=0.2, y=0)
    left = do(images, name, options | {"border": border})[..., :4]
    expected = {
        "reflect_101": images[..., 1:5].flip([3]),
        "reflect": images[..., 0:4].flip([3]),
        "replicate": images[..., :1].expand_as(left),
        "wrap": images[..., -4:],
        "constant": torch.zeros_like(left),
    }[border]
    assert torch.equal(left, expected)
    if border == "reflect_101":  # the default
        assert torch.equal(do(images, name, options)[..., :4], expected)


def test_shear_slants_along_x_and_along_y(do):
    slanted = do(blob(y=52), *fixed("shear", x=20, y=0))
    assert centroid(slanted) == pytest.approx((52, 32 + 20 * np.tan(np.deg2rad(20))), abs=0.1)
    slanted = do(blob(x=52), *fixed("shear", x=0, y=20))
    assert centroid(slanted) == pytest.approx((32 + 20 * np.tan(np.deg2rad(20)), 52), abs=0.1)


def test_nearest_neighbours_invent_no_grey_levels(do):
    name, options = fixed("rotate", degrees=33)
    image = blob()
    assert set(do(image, name, options | {"interpolation": "nearest"}).unique().tolist()) == {
        0,
        200,
    }
    for between in ("linear", "cubic"):
        result = do(image, name, options | {"interpolation": between})
        assert len(result.unique()) > 10


def test_amounts_stay_in_their_range_and_fill_it(do):
    images = blob(radius=3).repeat(300, 1, 1, 1)
    options = {"probability": 1, "min_x": 0.1, "max_x": 0.3, "min_y": -0.2, "max_y": 0}
    moved = do(images, "translate", options)
    places = np.array([centroid(image) for image in moved]) - 32
    low, high = places.min(axis=0), places.max(axis=0)
    assert low == pytest.approx((-13, 6.5), abs=0.51)
    assert high == pytest.approx((0, 19.5), abs=0.51)


@pytest.mark.parametrize("length", [0.02, 0.05])
@pytest.mark.parametrize("size", [80, 160])
def test_elastic_displaces_as_far_as_asked(length, size, do):
    ramp = torch.arange(size).expand(size, size)
    images = torch.stack([ramp, ramp.T]).to(torch.uint8)[:, None]  # grey level = x, y in pixels
    name, options = fixed("elastic", displacement=length)
    inner = slice(size // 5, -size // 5)
    moved = do(images, name, options)[..., inner, inner].double() - images[..., inner, inner]
    rms = float(moved.square().mean().sqrt()) * 2**0.5  # of x and y together
    assert rms == pytest.approx(length * size, rel=0.35)


def test_elastic_bends_each_image_in_its_own_way(waves, do):
    bent = do(waves(1).repeat(8, 1, 1, 1), *fixed("elastic", displacement=0.03))
    assert len({image.numpy().tobytes() for image in bent}) == 8


def test_elastic_is_smooth(waves, do):
    images = waves(2)
    name, options = fixed("elastic", displacement=0.02)
    rough = do(images, name, options | {"smoothness": 0.01})
    smooth = do(images, name, options | {"smoothness": 0.2})

    def roughness(x):
        return float(x.double().diff(dim=3).diff(dim=3).abs().mean())

    assert roughness(smooth) < 1.2 * roughness(images) < 0.5 * roughness(rough)


class Warps:
    """Counts OpenCV's warps while they work as ever."""

    def __init__(self, monkeypatch):
        self.counts = {"warpAffine": 0, "remap": 0}
        self.of_fields = 0
        for name in self.counts:
            monkeypatch.setattr(cv2, name, self.counting(name, getattr(cv2, name)))

    def counting(self, name, function):
        def counted(image, *args, **kwargs):
            if image.dtype == np.uint8:
                self.counts[name] += 1
            else:
                self.of_fields += 1
            return function(image, *args, **kwargs)

        return counted


@pytest.fixture
def warps(monkeypatch):
    return Warps(monkeypatch)


def chain(load, *steps):
    augmenter, *rest = [load(name, **options) for name, options in steps]
    for following in rest:
        augmenter = augmenter.fuse(following)
    return augmenter


ALL_ALWAYS = {f"{o}_probability": 1 for o in ("zoom", "rotate", "translate")}
ANY = {"probability": 1}


@pytest.mark.parametrize("channels", [1, 3])
def test_classical_warps_once(channels, warps, textures, load, rng):
    load("classical", **ALL_ALWAYS).augment(textures(6, channels), rng())
    assert warps.counts == {"warpAffine": 6, "remap": 0}


def test_classical_does_not_warp_what_is_only_flipped(warps, textures, load, rng):
    nothing = {f"{o}_probability": 0 for o in ("zoom", "rotate", "translate")}
    load("classical", **nothing).augment(textures(6), rng())
    assert warps.counts == {"warpAffine": 0, "remap": 0}


def test_a_fused_chain_with_elastic_warps_once(warps, textures, load, rng):
    fused = chain(load, ("flip", {}), ("rotate", ANY), ("zoom", ANY), ("elastic", ANY))
    fused.augment(textures(6), rng())
    assert warps.counts == {"warpAffine": 0, "remap": 6}
    assert warps.of_fields == 0


def test_a_field_in_the_middle_is_looked_up_but_the_image_warped_once(warps, textures, load, rng):
    fused = chain(load, ("rotate", ANY), ("elastic", ANY), ("noise", ANY), ("shear", ANY))
    fused.augment(textures(6), rng())
    assert warps.counts == {"warpAffine": 0, "remap": 6}
    assert warps.of_fields == 6


def test_each_image_takes_the_cheapest_way(warps, textures, load, rng):
    fused = chain(load, ("flip", {}), ("rotate", {}), ("elastic", {}))
    images = textures(400, 1, 8, 8)
    fused.augment(images, rng())
    assert 150 < warps.counts["remap"] < 250  # half are deformed
    assert 60 < warps.counts["warpAffine"] < 140  # of the others, half are rotated


STEPS = [
    ("flip", {"horizontal": 1, "vertical": 0}),
    fixed("zoom", factor=1.3),
    fixed("rotate", degrees=25),
    fixed("shear", x=5, y=-8),
    fixed("translate", x=0.1, y=-0.05),
]


def undo(name, options, x, y, height, width):
    """Where a point came from: each operation's own inverse, about the centre."""
    if name == "flip":
        return -x, y
    if name == "zoom":
        return x / options["min_factor"], y / options["min_factor"]
    if name == "rotate":
        a = np.deg2rad(options["min_degrees"])
        return x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)
    if name == "shear":
        a, b = (np.tan(np.deg2rad(options[k])) for k in ("min_x", "min_y"))
        return (x - a * y) / (1 - a * b), (y - b * x) / (1 - a * b)
    return x - round(options["min_x"] * width), y - round(options["min_y"] * height)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(96, 96), (81, 120)])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 3, 1, 0), (2, 0, 2, 4)])
def test_a_chain_is_the_product_of_its_maps(order, height, width, channels, waves, load, rng):
    images = waves(2, channels, height, width)
    steps = [STEPS[i] for i in order]
    got = chain(load, *steps).augment(images, rng())
    y, x = np.indices((height, width), dtype=float)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x, y = x - middle_x, y - middle_y
    for name, options in reversed(steps):
        x, y = undo(name, options, x, y, height, width)
    places = [y + middle_y, x + middle_x]
    for image, result in zip(images.flatten(0, 1), got.flatten(0, 1), strict=True):
        # cubic splines; scipy calls the border without a repeated pixel "mirror"
        expected = map_coordinates(image.numpy().astype(float), places, order=3, mode="mirror")
        error = np.abs(result.numpy() - expected)
        assert error.mean() < 0.8
        assert error.max() < 6  # at the kinks of the mirrored border


def test_fields_compose_with_affine_maps_in_either_order(waves, load, rng):
    elastic = fixed("elastic", displacement=0.03)
    turn = fixed("rotate", degrees=20)
    images = waves(3)
    inner = slice(24, -24)  # where no border was met
    for steps in ([elastic, turn], [turn, elastic], [elastic, turn, elastic]):
        fused = chain(load, *steps).augment(images, rng(5))
        generator, one_by_one = rng(5), images
        for name, options in steps:
            one_by_one = load(name, **options).augment(one_by_one, generator)
        error = (fused.double() - one_by_one)[..., inner, inner].abs().mean()
        turned = load(turn[0], **turn[1]).augment(images, rng())
        bending = (fused.double() - turned)[..., inner, inner].abs().mean()
        assert error < 1.0 < 0.3 * bending
