"""How a chain of classical operations is carried out: one warp first, then the pixel operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuplug import Augmenter
from neuplug_classical.affine import Matrices, Size
from neuplug_classical.draws import seeds
from neuplug_classical.elastic import Displacements
from neuplug_classical.options import ClassicalOptions, WarpOptions
from neuplug_classical.warp import Sampling, Warp


@dataclass(frozen=True)
class PixelStep:
    """A step of a pipeline that changes pixels.

    Attributes:
        build: Makes the albumentations transform; each worker makes its own, since a transform
            carries its random state.
        shaped: Whether it has a shape, which a geometric operation that follows would change.
    """

    build: Callable[[], Any]
    shaped: bool = False


# What an image, (H, W) or (H, W, 3), becomes by its number in the batch
Change = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]


@dataclass(frozen=True)
class PolicyStep:
    """A step of a pipeline that draws what to do with each image.

    Attributes:
        draw: Takes the number of images, their size and the generator.
    """

    draw: Callable[[int, Size, torch.Generator], Change]


GeometricStep = Callable[[int, Size, torch.Generator], Matrices | Displacements]
Step = GeometricStep | PixelStep | PolicyStep


class ClassicalAugmenter(Augmenter):
    """Base of every augmenter of this plugin: a tuple of steps and how to carry them out.

    Attributes:
        operation: Of an augmenter with a single one: the function that draws it, options first.
        steps: What to do, in the order of the chain.
        sampling: How to warp, or ``None`` if no step samples between pixels.
        threads: How many threads share the images.
    """

    options_class = ClassicalOptions
    operation: ClassVar[Callable[..., Any]]

    def __init__(self, options: ClassicalOptions | None = None) -> None:
        super().__init__(options)
        self.steps: tuple[Step, ...] = self._build()
        self.threads: int = self.options.threads
        self.sampling: Sampling | None = None
        if isinstance(self.options, WarpOptions):
            self.sampling = Sampling(self.options.border, self.options.interpolation)

    def _build(self) -> tuple[Step, ...]:
        """The steps by the options; by default the one geometric operation of the class."""
        return (partial(self.operation, self.options),)

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return one changed version of each image.

        All that is random is drawn for the whole batch before the first image is touched, in the
        order of the chain; so threads change nothing, and a fused chain draws what its members
        would have drawn one after the other.

        Args:
            images: uint8 (N, C, H, W), C 1 or 3, on the CPU. Not modified.
            rng: The only source of randomness; on the CPU.

        Returns:
            uint8 (N, C, H, W), contiguous, never sharing memory with ``images``.

        Raises:
            ValueError: If ``images`` has another shape or type.
        """
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"images must be uint8 (N, 1 or 3, H, W), not {images.dtype} {tuple(images.shape)}"
            )
        source = images.contiguous().numpy()
        count, size = len(source), (source.shape[2], source.shape[3])
        geometry: list[Matrices | Displacements] = []
        pixel: list[Callable[[], Change]] = []  # of each worker its own
        for step in self.steps:
            if isinstance(step, PixelStep):
                pixel.append(partial(_seeded, step, seeds(count, rng)))
            elif isinstance(step, PolicyStep):
                pixel.append(partial(_same, step.draw(count, size, rng)))
            else:
                geometry.append(step(count, size, rng))
        warp = Warp(geometry, size, self.sampling or Sampling()) if geometry else None
        result = np.empty_like(source)

        def work(indices: Iterable[int]) -> None:
            changes = [make() for make in pixel]
            for index in indices:
                image = _interleaved(source[index])
                if warp is not None:
                    image = warp(image, index)
                for change in changes:
                    image = change(image, index)
                result[index] = _planes(image)

        if self.threads == 1:
            work(range(count))
        else:
            shares = [range(start, count, self.threads) for start in range(self.threads)]
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(work, shares))  # list: so that a worker's exception is raised
        return torch.from_numpy(result)

    def fuse(self, following: Augmenter) -> Augmenter | None:
        """Join two classical augmenters, so that an image is warped once at most.

        The geometric operations of both become one warp, which comes first; the pixel operations
        follow in their order. Two that sample differently (``border``, ``interpolation``) stay
        apart, since one warp cannot do both, and so do a policy, which may warp, and what has a
        shape, where a geometric operation follows.
        """
        if not isinstance(following, ClassicalAugmenter):
            return None
        ordered = any(
            isinstance(step, PolicyStep) or (isinstance(step, PixelStep) and step.shaped)
            for step in self.steps
        )
        if ordered and not all(isinstance(s, PixelStep | PolicyStep) for s in following.steps):
            return None
        if self.sampling and following.sampling and self.sampling != following.sampling:
            return None
        return Fused(self, following)


class Fused(ClassicalAugmenter):
    """Two augmenters as one.

    Args:
        first: What comes first.
        following: What follows. If both sample, they sample alike.
    """

    def __init__(self, first: ClassicalAugmenter, following: ClassicalAugmenter) -> None:
        self._joined = first.steps + following.steps
        super().__init__(ClassicalOptions(threads=max(first.threads, following.threads)))
        self.sampling = first.sampling or following.sampling

    def _build(self) -> tuple[Step, ...]:
        return self._joined


def _seeded(step: PixelStep, image_seeds: Sequence[int]) -> Change:
    transform = step.build()

    def change(image: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        transform.set_random_seed(image_seeds[index])
        changed: NDArray[np.uint8] = transform(image=image)["image"]
        return changed

    return change


def _same(change: Change) -> Change:
    return change


def _interleaved(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(C, H, W) as OpenCV takes it: (H, W), not copied, for grey and (H, W, 3) for RGB."""
    image: NDArray[np.uint8] = planes[0] if len(planes) == 1 else cv2.merge(list(planes))
    return image


def _planes(image: NDArray[np.uint8]) -> Sequence[NDArray[np.uint8]]:
    """The way back: C arrays (H, W)."""
    return [image] if image.ndim == 2 else cv2.split(image)
