"""What a classifier costs: parameters, multiply-adds, time for one image. Light until used."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from neuplug.records import Record
from neuplug.training.metrics import Count

if TYPE_CHECKING:
    from neuplug.data.imageset import ImageSet
    from neuplug.training.fitted import FittedClassifier

WARM_UP, TIMED = 3, 20


class Profile(Record):
    """What a classifier costs, whatever it is trained on.

    Attributes:
        parameters: Trainable numbers.
        multiply_adds: Of convolutions and dense layers, for one image.
        latency_ms: Median time for one uint8 image, its normalisation included, in milliseconds; of
            a run the median over its cells.
        threads: Processor threads that this time was taken with.
    """

    parameters: Count
    multiply_adds: Count
    latency_ms: Annotated[float, Field(ge=0)]
    threads: Annotated[int, Field(ge=1)]


def profile_classifier(fitted: FittedClassifier, images: ImageSet) -> Profile:
    """Measure a classifier on an image of the size of ``images``.

    Args:
        fitted: On the device to measure.
        images: At least one image.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module, one = fitted.module.eval(), images.images[:1]
    seconds = []
    with torch.no_grad():
        with FlopCounterMode(display=False) as counter:
            module(fitted.prepare(one))
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
