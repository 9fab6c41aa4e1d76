"""What a classifier costs: parameters, multiply-adds, time for one image."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from neuplug.data.imageset import ImageSet
from neuplug.training.fitted import FittedClassifier

WARM_UP, TIMED = 3, 20


@dataclass(frozen=True)
class Profile:
    """What a classifier costs.

    Attributes:
        parameters: Trainable numbers.
        multiply_adds: For one image, of convolutions and dense layers.
        latency_ms: Median time for one uint8 image, its normalisation included, in milliseconds.
        threads: Processor threads that this time was taken with.
    """

    parameters: int
    multiply_adds: int
    latency_ms: float
    threads: int


@torch.no_grad()
def profile_classifier(fitted: FittedClassifier, images: ImageSet) -> Profile:
    """Measure a classifier on an image of the size of ``images``.

    Args:
        fitted: On the device to measure.
        images: At least one image.
    """
    module, one = fitted.module.eval(), images.images[:1]
    with FlopCounterMode(display=False) as counter:
        module(fitted.prepare(one))
    seconds = []
    for _ in range(WARM_UP + TIMED):
        started = time.perf_counter()
        module(fitted.prepare(one)).cpu()  # waits for the device
        seconds.append(time.perf_counter() - started)
    return Profile(
        parameters=sum(p.numel() for p in module.parameters() if p.requires_grad),
        multiply_adds=counter.get_total_flops() // 2,
        latency_ms=1000 * statistics.median(seconds[WARM_UP:]),
        threads=torch.get_num_threads(),
    )
