"""Classifiers: build a network, which the core trains. Loads no torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from neuplug.errors import InputError
from neuplug.plugins.component import ComponentBase

if TYPE_CHECKING:
    from torch import nn


class Classifier(ComponentBase):
    """Builds a network. The core trains it, so that every arm is treated alike.

    Attributes:
        capturable: Whether its network does the same at every training step, drawing random numbers
            from torch's generator of the device alone: on a GPU such steps are captured as a CUDA
            graph, which is several times faster. What Python decides or counts in ``forward`` would
            be frozen, so the default is no.
    """

    capturable: ClassVar[bool] = False

    @property
    def channels(self) -> frozenset[int]:
        """The numbers of image channels it takes; the core turns grey into RGB where needed."""
        return frozenset({1, 3})

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Mean and standard deviation for pixels in 0-1, or ``None``: those of the real images."""
        return None

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse RGB images where it takes grey ones alone; see :class:`ComponentBase`."""
        if in_chans == 3 and 3 not in self.channels:
            raise InputError(
                f"{type(self).__name__} takes grey images only, and these are RGB: choose another "
                "classifier."
            )

    @abstractmethod
    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network, initialised from torch's current random state.

        The module maps normalised float images (N, in_chans, H, W) to logits (N, num_classes);
        its ``forward_features`` maps them to embeddings (N, F). In ``eval()`` N may be 0.

        Raises:
            InputError: If the images are too small for it.
        """
