"""How far generated images are from the training images, to choose between checkpoints.

The distance is a squared maximum mean discrepancy with the kernel of Binkowski et al. 2018
(arXiv:1801.01401), the cubic polynomial, in its unbiased form, between features that no training
has touched: the responses of a small convolutional network with random weights, as Naeem et al.
2020 (arXiv:2002.09797) recommend where images are far from ImageNet. Means and deviations of such
responses describe a texture (Ustyuzhaninov et al. 2016, arXiv:1606.00021).

It is neither FID nor KID: its numbers compare checkpoints that learned from the same images, and
nothing else. It looks at training images alone, so it can neither see a generator that copies
them nor spoil the test images for a verdict.
"""

from __future__ import annotations

import math

import torch
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor
from torch.nn import functional as F

# No more training images are looked at
LARGEST = 1000

# Random filters of each layer; every layer halves the sides
WIDTHS = (64, 64, 128, 128)

SEED = 20020


def looked_at(images: int) -> Tensor:
    """The indices of at most 1000 images, spread evenly over a set of so many."""
    return torch.linspace(0, images - 1, min(images, LARGEST)).round().long()


class TrainingDistance:
    """The distance of generated images to one set of training images.

    Args:
        train: uint8 (N, C, H, W), N at least 1.
        device: Where to compute.
    """

    def __init__(self, train: Tensor, device: torch.device) -> None:
        self._device = device
        self._filters = _random_filters(train.shape[1], device)
        pixels = train.float()
        self._pixel_mean = float(pixels.mean())
        self._pixel_std = max(float(pixels.std()), 1.0)
        responses = self._responses(train)
        self._mean = responses.mean(0)
        variance = (responses - self._mean).square().mean(0)
        # half its own spread, half that of all: a filter that hardly responds is not blown up
        self._spread = (variance + variance.mean() + 1e-12).sqrt()
        self._train = self._features(responses)
        self._within = _mean_of_pairs(_kernel(self._train, self._train))

    def __call__(self, generated: Tensor) -> float:
        """The distance of uint8 (M, C, H, W), M at least 2, to the training images.

        Returns:
            Near 0 for images of the same kind (below 0 by chance, being unbiased), below 16 always.
        """
        features = self._features(self._responses(generated))
        within = _mean_of_pairs(_kernel(features, features))
        return self._within + within - 2 * float(_kernel(self._train, features).mean())

    @torch.no_grad()
    def _responses(self, images: Tensor) -> Tensor:
        """Mean and deviation over the image of every filter's response, float (N, F)."""
        parts = []
        for some in images.split(256):
            maps = (some.to(self._device).float() - self._pixel_mean) / self._pixel_std
            found = []
            for weight in self._filters:
                maps = F.relu(F.conv2d(F.pad(maps, (1, 1, 1, 1), "replicate"), weight, stride=2))
                found += [maps.mean((2, 3)), maps.var((2, 3), correction=0).sqrt()]
            parts.append(torch.cat(found, 1))
        return torch.cat(parts)

    def _features(self, responses: Tensor) -> Tensor:
        """Centred on the training images and of one length, so that no outlier rules the kernel."""
        centred = (responses - self._mean) / self._spread
        return F.normalize(centred, dim=1) * math.sqrt(centred.shape[1])


def _random_filters(channels: int, device: torch.device) -> list[Tensor]:
    rng = torch.Generator().manual_seed(SEED)
    filters = []
    for width in WIDTHS:
        # He et al. 2015: responses keep their size from layer to layer
        scale = math.sqrt(2 / (channels * 9))
        filters.append((torch.randn(width, channels, 3, 3, generator=rng) * scale).to(device))
        channels = width
    return filters


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """(x·y / d + 1)^3 for every pair, float64 (len(a), len(b))."""
    return torch.from_numpy(
        polynomial_kernel(a.double().cpu().numpy(), b.double().cpu().numpy(), degree=3, coef0=1)
    )


def _mean_of_pairs(kernel: Tensor) -> float:
    """Mean over pairs of different images; of the one image with itself if there is one only."""
    n = len(kernel)
    if n == 1:
        return float(kernel)
    return float(kernel.sum() - kernel.trace()) / (n * (n - 1))
