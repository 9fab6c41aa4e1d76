"""The elastic operation: a smooth random displacement field for each image.

After Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to
visual document analysis", ICDAR 2003. The field is our own: albumentations repeats the noise of
the border while it smooths, so its fields are three times as strong at the edges as inside and
nine times in the corners, and it smooths dx and dy as one array, across their common edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from neuplug_classical.affine import Size
from neuplug_classical.draws import chance, seeds, uniform
from neuplug_classical.options import ElasticOptions


@dataclass(frozen=True)
class Displacements:
    """The fields of a batch, each computed when it is asked for.

    Attributes:
        applied: bool (N,), which images are deformed at all.
        length: float64 (N,), the root-mean-square displacement in pixels.
        sigma: The standard deviation of the smoothing filter in pixels.
        seeds: One for each image.
        size: (height, width).
    """

    applied: NDArray[np.bool_]
    length: NDArray[np.float64]
    sigma: float
    seeds: list[int]
    size: Size

    def field(self, index: int) -> NDArray[np.float32]:
        """The field of one image, float32 (2, H, W).

        An output pixel at (x, y) shows the input at (x, y) plus the field's (dx, dy) there.
        """
        # The smoothed noise has no detail below sigma, so a grid of half a sigma holds it all.
        step = max(self.sigma / 2, 1.0)
        sigma = self.sigma / step
        rows, columns = (math.ceil(side / step) for side in self.size)
        margin = math.ceil(3 * sigma)  # what smoothing spoils at the border is cut off
        noise = np.random.default_rng(self.seeds[index]).standard_normal(
            (rows + 2 * margin, columns + 2 * margin, 2), dtype=np.float32
        )
        smooth = cv2.GaussianBlur(noise, (0, 0), sigma)[margin:-margin, margin:-margin]
        rms = np.sqrt(np.square(smooth).sum(axis=2).mean())
        height, width = self.size
        field = cv2.resize(
            smooth * np.float32(self.length[index] / rms),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        return np.stack(cv2.split(field))


def displacements(
    options: ElasticOptions, count: int, size: Size, rng: torch.Generator
) -> Displacements:
    """Draw which images are deformed and how far."""
    applied = chance(options.probability, count, rng)
    length = uniform(options.min_displacement, options.max_displacement, count, rng)
    return Displacements(
        applied=applied & (length > 0),
        length=length * min(size),
        sigma=options.smoothness * min(size),
        seeds=seeds(count, rng),
        size=size,
    )
