"""Policies that choose operations and strengths by chance: TrivialAugment, RandAugment, AugMix.

- ``trivial``: Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data
  Augmentation", 2021 (arXiv:2103.10158), the wide space.
- ``randaugment``: Cubuk, Zoph, Shlens, Le, "RandAugment: Practical Automated Data Augmentation with
  a Reduced Search Space", 2019 (arXiv:1909.13719).
- ``augmix``: Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan, "AugMix: A Simple Data
  Processing Method to Improve Robustness and Uncertainty", 2020 (arXiv:1912.02781), without its
  consistency loss.

Spaces and strengths are torchvision's, and so are the operations on pixels. The geometric ones are
this package's warps about the centre, which fill what comes into view from the image (``border``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

from neuplug_classical.affine import Matrices, Size, matrices
from neuplug_classical.draws import chance, seeds
from neuplug_classical.options import AugMixOptions, RandAugmentOptions, TrivialOptions, WarpOptions
from neuplug_classical.warp import Sampling, Warp

Image: TypeAlias = NDArray[np.uint8]  # (H, W) or (H, W, 3)

# What an image becomes, by its number in the batch
Change: TypeAlias = Callable[[Image, int], Image]

# Strengths from none to the largest, of trivial and randaugment; of augmix
BINS, MIX_BINS = 31, 10

_FACTORS = ("brightness", "color", "contrast", "sharpness")
_GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
_WITHOUT_STRENGTH = dict.fromkeys(("autocontrast", "equalize"), 0.0)
_FARTHEST = 32  # pixels that the wide space shifts by, but no more than a third of the side


@dataclass(frozen=True)
class Space:
    """What a policy chooses from.

    Attributes:
        largest: Operation to its largest strength: the tangent of a shear, the part of the side
            that an image is shifted by, degrees, the change of a factor, bits that are dropped, the
            part of the grey levels that are inverted.
        bits: That posterisation of strength zero keeps.
    """

    largest: Mapping[str, float]
    bits: int = 8


def wide(size: Size) -> Space:
    """The space of TrivialAugment."""
    height, width = (min(_FARTHEST / side, 1 / 3) for side in size)
    largest = dict.fromkeys(("shear_x", "shear_y", *_FACTORS), 0.99)
    largest |= {"translate_x": width, "translate_y": height, "rotate": 135.0}
    largest |= {"posterize": 6.0, "solarize": 1.0, "identity": 0.0}
    return Space(largest | _WITHOUT_STRENGTH)


def _usual(shift: float, **more: float) -> dict[str, float]:
    largest = dict.fromkeys(("shear_x", "shear_y"), 0.3) | dict.fromkeys(_FACTORS, 0.9)
    largest |= {"translate_x": shift, "translate_y": shift, "rotate": 30.0}
    return largest | {"posterize": 4.0, "solarize": 1.0} | _WITHOUT_STRENGTH | more


RANDAUGMENT = Space(_usual(150 / 331, identity=0.0))
AUGMIX = Space(_usual(1 / 3), bits=4)


def trivial(options: TrivialOptions, count: int, size: Size, rng: torch.Generator) -> Change:
    """One operation of any strength for each image."""
    return _operation(wide(size), _bins(BINS, BINS, count, rng), size, rng, options)


def randaugment(
    options: RandAugmentOptions, count: int, size: Size, rng: torch.Generator
) -> Change:
    """Some operations of one strength for each image, one after the other."""
    levels = np.full(count, options.magnitude / (BINS - 1))
    steps = [_operation(RANDAUGMENT, levels, size, rng, options) for _ in range(options.operations)]
    return lambda image, index: _chain(steps, image, index)


def augmix(options: AugMixOptions, count: int, size: Size, rng: torch.Generator) -> Change:
    """The image mixed with chains of operations on it, by random weights."""
    longest = options.depth or 3
    chains = [
        [
            _operation(AUGMIX, _bins(options.severity, MIX_BINS, count, rng), size, rng, options)
            for _ in range(longest)
        ]
        for _ in range(options.chains)
    ]
    numbers = np.random.default_rng(seeds(1, rng)[0])
    lengths = numbers.integers(options.depth or 1, longest + 1, (count, options.chains))
    mixed = numbers.beta(options.alpha, options.alpha, count)
    weights = numbers.dirichlet([options.alpha] * options.chains, count)

    def change(image: Image, index: int) -> Image:
        total = (1 - mixed[index]) * image
        for chain, length, weight in zip(chains, lengths[index], weights[index], strict=True):
            total = total + mixed[index] * weight * _chain(chain[:length], image, index)
        rounded: Image = np.rint(total).astype(np.uint8)
        return rounded

    return change


def _chain(steps: Sequence[Change], image: Image, index: int) -> Image:
    for step in steps:
        image = step(image, index)
    return image


def _bins(below: int, bins: int, count: int, rng: torch.Generator) -> NDArray[np.float64]:
    """The parts of the largest strength, of the first ``below`` of so many bins."""
    drawn: NDArray[np.float64] = torch.randint(below, (count,), generator=rng).numpy() / (bins - 1)
    return drawn


def _operation(
    space: Space,
    levels: NDArray[np.float64],
    size: Size,
    rng: torch.Generator,
    options: WarpOptions,
) -> Change:
    """Draw an operation for each image; strengths go either way where that makes sense."""
    count, names = len(levels), list(space.largest)
    places = torch.randint(len(names), (count,), generator=rng).numpy()
    signs = np.where(chance(0.5, count, rng), -1.0, 1.0)
    strengths = levels * np.array(list(space.largest.values()))[places]
    drawn = [names[place] for place in places]
    warp = Warp(
        [_geometry(drawn, signs * strengths, size)],
        size,
        Sampling(options.border, options.interpolation),
    )

    def change(image: Image, index: int) -> Image:
        name = drawn[index]
        if name in _GEOMETRIC:
            return warp(image, index)
        strength = float(strengths[index] * (signs[index] if name in _FACTORS else 1))
        planes = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(image).transpose(2, 0, 1)))
        changed = _pixels(name, planes, strength, space.bits).numpy().transpose(1, 2, 0)
        return np.ascontiguousarray(changed).reshape(image.shape)

    return change


def _geometry(drawn: Sequence[str], strengths: NDArray[np.float64], size: Size) -> Matrices:
    """Of each image the one matrix that was drawn, or none."""
    of = {name: np.array([each == name for each in drawn]) * strengths for name in _GEOMETRIC}
    angle = np.deg2rad(of["rotate"])
    cos, sin = np.cos(angle), np.sin(angle)
    return matrices(
        len(drawn),
        xx=cos,
        xy=sin + of["shear_x"],
        yx=of["shear_y"] - sin,
        yy=cos,
        x=np.rint(of["translate_x"] * size[1]),
        y=np.rint(of["translate_y"] * size[0]),
    )


def _pixels(name: str, image: Tensor, strength: float, bits: int) -> Tensor:
    """An operation on pixels, uint8 (C, H, W)."""
    match name:
        case "brightness":
            changed = functional.adjust_brightness(image, 1 + strength)
        case "color":
            changed = functional.adjust_saturation(image, 1 + strength)
        case "contrast":
            changed = functional.adjust_contrast(image, 1 + strength)
        case "sharpness":
            changed = functional.adjust_sharpness(image, 1 + strength)
        case "posterize":
            changed = functional.posterize(image, max(1, bits - round(strength)))
        case "solarize":
            changed = functional.solarize(image, 255 * (1 - strength))
        case "autocontrast":
            changed = functional.autocontrast(image)
        case "equalize":
            changed = functional.equalize(image)
        case _:
            changed = image
    result: Tensor = changed
    return result
