"""For the tests of GANs with other networks: does spectral normalisation find their layers?

The laws that every generator keeps are :mod:`neuplug_testing`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from neuplug import FitContext, TrainingSet
from neuplug_gan.component import AdversarialGenerator

FEW = {"ema": 0, "steps": 3, "batch": 5, "grids": 1}


def check_options(
    component: type[AdversarialGenerator],
    options: Mapping[str, Any] = MappingProxyType({}),
    in_chans: int = 1,
    image_size: tuple[int, int] = (32, 32),
) -> None:
    """Train a few steps without and with ``spectral_norm``, and compare the losses.

    Of the training's options it is the one that needs something of the networks: weights in layers
    of torch's classes.

    Args:
        component: The plugin's class.
        options: To make it small, and ``conditional`` to train it on two classes at once.
        in_chans: 1 (grey) or 3 (RGB).
        image_size: (height, width) in pixels.

    Raises:
        AssertionError: If the option changes neither loss.
        InputError: If the component refuses an option.
        TrainingDiverged: If a loss is no longer finite.
    """
    plain, normalized = (
        _losses(component, {**FEW, **options, "spectral_norm": on}, in_chans, image_size)
        for on in (False, True)
    )
    name = component.__name__
    assert (normalized != plain).any(), f"{name}: spectral_norm changes nothing in the losses."


def _losses(
    component: type[AdversarialGenerator],
    options: Mapping[str, Any],
    in_chans: int,
    image_size: tuple[int, int],
) -> Tensor:
    """The discriminator's and the generator's last loss."""
    gan = component(component.options_class.parse(options, component.__name__))
    context = FitContext(torch.device("cpu"), 0, component.__name__)
    curves = gan.fit(_images(in_chans, image_size, gan.conditional), context).curves
    return torch.tensor([curves["discriminator"][-1][1], curves["generator"][-1][1]])


def _images(in_chans: int, image_size: tuple[int, int], two: bool) -> TrainingSet:
    """Twelve noisy images; with two classes every second one is brighter."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(12) % (2 if two else 1)
    images = torch.randint(0, 120, (12, in_chans, *image_size), generator=rng)
    images += 120 * labels[:, None, None, None]
    classes = ("dark", "bright")[: 2 if two else 1]
    return TrainingSet(images.byte(), labels, classes, tuple(map(str, range(12))))
