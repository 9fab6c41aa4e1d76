"""The operations that change pixels where they are: albumentations' transforms, made to measure.

Such a transform draws from random states that it carries along; the pipeline sets them from a
seed of its own for each image. No other module imports albumentations, which is slow to load and
whose look-up of newer versions is always turned off first.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations

from neuplug_classical.options import (
    BlurOptions,
    ColorOptions,
    ErasingOptions,
    NoiseOptions,
    SharpenOptions,
)


class _GaussNoise(albumentations.GaussNoise):  # type: ignore[misc]
    """albumentations' Gaussian noise, drawn from the transform's own generator.

    The original draws from OpenCV's global generator, which it seeds with one of 65536 numbers.
    """

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Draw the noise in whole grey levels, so that adding it does not round downwards."""
        shape = data["image"].shape
        levels = 255 * self.py_random.uniform(*self.std_range)
        noise = self.random_generator.standard_normal(shape, dtype=np.float32)
        return {"noise_map": np.rint(np.float32(levels) * noise)}


def noise(options: NoiseOptions) -> Any:
    """Independent Gaussian noise on each pixel and channel."""
    return _GaussNoise(std_range=(options.min_std, options.max_std), p=options.probability)


def color(options: ColorOptions) -> Any:
    """Brightness, contrast, saturation and hue in random order; the last two leave grey alone."""
    return albumentations.ColorJitter(
        brightness=(options.min_brightness, options.max_brightness),
        contrast=(options.min_contrast, options.max_contrast),
        saturation=(options.min_saturation, options.max_saturation),
        hue=(options.min_hue, options.max_hue),
        p=options.probability,
    )


def blur(options: BlurOptions) -> Any:
    """Gaussian filter, its kernel as wide as sigma needs."""
    return albumentations.GaussianBlur(
        blur_limit=0, sigma_limit=(options.min_sigma, options.max_sigma), p=options.probability
    )


def sharpen(options: SharpenOptions) -> Any:
    """Add a Laplacian; lightness 1 keeps the mean brightness."""
    return albumentations.Sharpen(
        alpha=(options.min_amount, options.max_amount), lightness=(1.0, 1.0), p=options.probability
    )


def erasing(options: ErasingOptions) -> Any:
    """A random rectangle is lost: Zhong et al., "Random Erasing Data Augmentation", 2017."""
    return albumentations.Erasing(
        scale=(options.min_area, options.max_area),
        ratio=(options.min_ratio, options.max_ratio),
        fill={"black": 0, "noise": "random"}[options.fill],
        p=options.probability,
    )
