"""The file of images that a job makes."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from neuplug.experiment.plan import Job
from neuplug.tensorfile import save_tree


def save_made(folder: Path, job: Job, images: Tensor, origin: str, parents: list[str]) -> None:
    """Write a job's images as part of a training set.

    Args:
        folder: Of the job.
        job: That made them; its task names their ``class``.
        images: uint8 (N, C, H, W).
        origin: What made them, such as ``dcgan`` or ``flip+rotate``.
        parents: What each was derived from.
    """
    n = len(images)
    # the key tells two stages of the same component apart
    prefix = f"{origin}-{job.key[:4]}/{job.task['class']}"
    save_tree(
        {
            "images": images,
            "ids": [f"{prefix}/{i:05d}" for i in range(n)],
            "origins": [origin] * n,
            "parents": parents,
        },
        folder / "images.safetensors",
    )
