"""KID in the features of a classifier trained on the real images: for comparing generators offline.

It is not the KID of the literature, whose features are Inception's.
"""

from __future__ import annotations

import functools
from pathlib import Path

import torch
from torch import Tensor

from neuplug import FitContext, TrainingSet
from neuplug.data.dataset import load_dataset
from neuplug.training.fitted import FittedClassifier
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions
from neuplug_smallcnn.classifier import SmallCNN


@functools.cache
def _all(data: Path, size: int) -> TrainingSet:
    images = load_dataset(data, imgsz=(size, size)).images
    return TrainingSet(images.images, images.labels, images.classes, images.ids)


@functools.cache
def _extractor(data: Path, size: int) -> FittedClassifier:
    options = TrainingOptions(steps=800, batch=32, lr=3e-3)
    context = FitContext(torch.device("cpu"), 0, "feature extractor")
    fitted, _ = fit_classifier(SmallCNN(), _all(data, size), options, context)
    fitted.module.eval()
    return fitted


def real_images(data: Path, name: str, size: int, count: int) -> tuple[Tensor, Tensor]:
    """``count`` images of a class to train on, and the others."""
    everything = _all(data, size)
    images = everything.of_class(everything.classes.index(name)).images
    return images[:count], images[count:]


def features(data: Path, size: int, images: Tensor) -> Tensor:
    """Embeddings, scaled to unit variance on average, float (N, F)."""
    fitted = _extractor(data, size)
    with torch.no_grad():
        found: Tensor = fitted.module.forward_features(fitted.prepare(images))  # type: ignore[operator]
    return found / found.square().mean().sqrt()


def kid(ours: Tensor, theirs: Tensor) -> float:
    """Unbiased squared MMD with the cubic kernel (Binkowski et al. 2018), times 1000."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    ours, theirs = ours.double(), theirs.double()  # cubes of large products cancel
    n, m = len(ours), len(theirs)
    xx, yy = kernel(ours, ours), kernel(theirs, theirs)
    within = (xx.sum() - xx.diagonal().sum()) / (n * (n - 1))
    within += (yy.sum() - yy.diagonal().sum()) / (m * (m - 1))
    return float(within - 2 * kernel(ours, theirs).mean()) * 1000
