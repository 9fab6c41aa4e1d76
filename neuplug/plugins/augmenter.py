"""Augmenters: change images at random without changing what they show. Loads no torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from neuplug.plugins.component import ComponentBase

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Augmenter(ComponentBase):
    """Changes images at random without changing what they show.

    Attributes:
        joins: Whether its images always join the set, as a generator's do. By default those of an
            augmenter at the end of an arm without an amount take the others' place in each batch.
        deterministic: Whether it does the same to an image every time, such as stretching its
            contrast.
    """

    joins: ClassVar[bool] = False
    deterministic: ClassVar[bool] = False

    @abstractmethod
    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return one changed version of each image.

        Args:
            images: uint8 (N, C, H, W), N from 0, C 1 or 3. Not to be modified in place.
            rng: The only source of randomness; on the CPU.

        Returns:
            uint8 (N, C, H, W), the same shape.
        """

    def fuse(self, following: Augmenter) -> Augmenter | None:
        """Return one augmenter that does what ``self`` then ``following`` do, or ``None``.

        Override it where doing both at once is better than one after the other, for example
        one warp instead of two. It is asked about any augmenter, another plugin's too, and leaves
        both as they are. With the same generator the images are like those of the two in turn, but
        for what doing it at once spares them, such as a second resampling.
        """
        return None
