"""What holds for every operation: shapes, determinism, no hidden randomness, no side effects."""

from __future__ import annotations

import random
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from neuplug import discover

POLICIES = ["augmix", "randaugment", "trivial"]
NAMES = [
    "augmix",
    "blur",
    "classical",
    "color",
    "crop",
    "elastic",
    "erasing",
    "flip",
    "noise",
    "randaugment",
    "rotate",
    "sharpen",
    "shear",
    "translate",
    "trivial",
    "zoom",
]
FLIP_OFF = {"horizontal": 0, "vertical": 0}
ALWAYS = {
    "flip": {"horizontal": 0.5, "vertical": 0.5},
    "classical": {f"{o}_probability": 1 for o in ("zoom", "rotate", "translate")},
}
NEVER = {
    "flip": FLIP_OFF,
    "classical": {f"flip_{o}": 0 for o in FLIP_OFF}
    | {f"{o}_probability": 0 for o in ("zoom", "rotate", "translate")},
}
every = pytest.mark.parametrize("name", NAMES)
with_probability = pytest.mark.parametrize("name", [n for n in NAMES if n not in POLICIES])


def always(name):
    return {} if name in POLICIES else ALWAYS.get(name, {"probability": 1})


@pytest.mark.neuplug("neuplug-classical")
def test_law(neuplug_law):
    neuplug_law()


def test_the_plugin_offers_these_augmenters():
    offered = discover().of_kind("augmenter")
    assert [p.name for p in offered if p.distribution == "neuplug-classical"] == NAMES


@every
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 33), (20, 47), (7, 1), (1, 1)])
def test_shape_and_type_stay(name, channels, height, width, textures, load, rng):
    images = textures(3, channels, height, width)
    result = load(name, **always(name)).augment(images, rng())
    assert result.shape == images.shape
    assert result.dtype == torch.uint8
    assert result.stride() == images.stride()


@every
@pytest.mark.parametrize("channels", [1, 3])
def test_same_state_same_result_other_state_other_result(name, channels, textures, load, rng):
    images = textures(16, channels)
    augmenter = load(name, **always(name))
    first = augmenter.augment(images, rng(1))
    assert torch.equal(first, augmenter.augment(images, rng(1)))
    assert torch.equal(first, load(name, **always(name)).augment(images, rng(1)))
    assert not torch.equal(first, augmenter.augment(images, rng(2)))


@every
def test_a_second_call_goes_on_in_the_generator(name, textures, load, rng):
    images, generator = textures(16), rng(1)
    augmenter = load(name, **always(name))
    assert not torch.equal(
        augmenter.augment(images, generator), augmenter.augment(images, generator)
    )


@every
def test_each_image_draws_for_itself(name, textures, load, rng):
    images = textures(1).repeat(16, 1, 1, 1)
    result = load(name, **always(name)).augment(images, rng(1))
    different = {image.numpy().tobytes() for image in result}
    # there are only four flips, two shifts by whole pixels may agree, and policies have few
    # operations without a strength, of which some change nothing in grey images
    few = {"flip": 4, "translate": 14, "randaugment": 12, "trivial": 9}
    assert len(different) >= few.get(name, 16)


@every
@pytest.mark.parametrize("channels", [1, 3])
def test_the_input_is_neither_changed_nor_returned(name, channels, textures, load, rng):
    images = textures(8, channels)
    before = images.clone()
    never = {} if name in POLICIES else NEVER.get(name, {"probability": 0})
    for options in (always(name), never):
        result = load(name, **options).augment(images, rng())
        assert torch.equal(images, before)
        result.zero_()
        assert torch.equal(images, before)


@with_probability
@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_is_the_identity(name, channels, textures, load, rng):
    images = textures(8, channels, 31, 40)
    result = load(name, **NEVER.get(name, {"probability": 0})).augment(images, rng())
    assert torch.equal(result, images)


@with_probability
def test_a_probability_in_between_changes_some_images(name, textures, load, rng):
    images = textures(200, 1, 32, 32)
    result = load(name).augment(images, rng())  # every default probability is 0.5
    changed = (result != images).flatten(1).any(dim=1).float().mean()
    expected = {"flip": 0.75, "classical": 1 - 0.5**5}.get(name, 0.5)
    assert abs(changed - expected) < 0.11


@every
def test_the_layout_in_memory_does_not_matter(name, textures, load, rng):
    images = textures(6, 3, 20, 24)
    augmenter = load(name, **always(name))
    expected = augmenter.augment(images, rng())
    strided = torch.zeros(12, 3, 20, 24, dtype=torch.uint8)[::2].copy_(images)
    last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(augmenter.augment(strided, rng()), expected)
    assert torch.equal(augmenter.augment(last, rng()), expected)


@every
def test_threads_change_nothing(name, textures, load, rng):
    images = textures(7, 3)
    one, two, many = (
        load(name, threads=threads, **always(name)).augment(images, rng()) for threads in (1, 2, 16)
    )
    assert torch.equal(one, two)
    assert torch.equal(one, many)


@every
def test_no_image_is_no_fault(name, load, rng):
    images = torch.zeros(0, 3, 8, 8, dtype=torch.uint8)
    for threads in (1, 2):
        assert load(name, threads=threads).augment(images, rng()).shape == images.shape


def _global_draws():
    numpy_draw = np.random.random()
    opencv_draw = cv2.randu(np.zeros(4), 0.0, 1.0).tolist()
    return torch.rand(1).item(), numpy_draw, random.random(), opencv_draw


def _seed_global(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    cv2.setRNGSeed(seed)


@every
def test_global_generators_are_neither_read_nor_moved(name, textures, load, rng):
    images = textures(4, 3)
    _seed_global(1)
    expected_draws = _global_draws()
    _seed_global(1)
    result = load(name, **always(name)).augment(images, rng())
    assert _global_draws() == expected_draws
    _seed_global(2)
    assert torch.equal(load(name, **always(name)).augment(images, rng()), result)


@every
def test_other_images_are_refused(name, textures, load, rng):
    images = textures(2)
    for wrong in (images.float(), images[0], images.repeat(1, 2, 1, 1)):
        with pytest.raises(ValueError, match="images must be uint8"):
            load(name).augment(wrong, rng())


def _python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


# albumentations looks for newer versions through urllib and warns if that fails.
NO_NETWORK = """
import os, urllib.request
os.environ.pop("NO_ALBUMENTATIONS_UPDATE", None)
def refuse(*handlers): raise RuntimeError("looked something up online")
urllib.request.build_opener = refuse
"""


def test_nothing_is_printed_or_looked_up():
    assert "looked something up" in _python(NO_NETWORK + "import albumentations")  # it would
    code = """
import neuplug, torch
images = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
for name in %r:
    neuplug.load(name).augment(images, torch.Generator())
"""
    assert _python(NO_NETWORK + code % NAMES) == ""


def test_the_plugin_and_its_options_are_light():
    heavy = "{'torch', 'numpy', 'cv2', 'albumentations'} & set(sys.modules)"
    code = f"import sys, neuplug_classical.options; print({heavy})"
    assert _python(code).strip() == "set()"
