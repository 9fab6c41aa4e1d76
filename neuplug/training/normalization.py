"""What images are normalised by before a network sees them."""

from __future__ import annotations

import torch
from torch import Tensor

from neuplug.data.imageset import TrainingSet
from neuplug.plugins.component import Classifier


def normalization_of(
    classifier: Classifier, train: TrainingSet, channels: int
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of pixels in 0-1 that a network's images are normalised by.

    Args:
        classifier: It may have values of its own.
        train: Otherwise those of its real images alone, so that every arm normalises alike.
        channels: How many the network takes; grey counts for each of them.

    Returns:
        float32 (channels,) each; the deviation is at least 0.001.
    """
    given = classifier.normalization
    if given is not None:
        return torch.tensor(given[0]), torch.tensor(given[1])
    real = [i for i, origin in enumerate(train.origins) if origin == "real"]
    images = train.images[real] if real else train.images
    levels = torch.linspace(0, 1, 256, dtype=torch.float64)
    means, deviations = [], []
    for channel in images.unbind(1):  # by counting levels: no copy in floating point
        part = channel.flatten().bincount(minlength=256) / channel.numel()
        mean = (part * levels).sum()
        means.append(mean)
        deviations.append((part * (levels - mean).square()).sum().sqrt().clamp(min=1e-3))
    mean, std = torch.stack(means).float(), torch.stack(deviations).float()
    return mean.expand(channels).clone(), std.expand(channels).clone()
