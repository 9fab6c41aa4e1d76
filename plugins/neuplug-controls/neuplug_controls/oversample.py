"""The component ``oversample``."""

from __future__ import annotations

import torch
from torch import Tensor

from neuplug import Augmenter


class Oversample(Augmenter):
    """Leaves images as they are, so that an amount of it is the same images again.

    Every image serves equally often. With an amount such as ``to=700`` it is what is done against
    classes of unequal size.
    """

    control = True
    joins = True

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """The same images."""
        del rng
        return images.clone()
