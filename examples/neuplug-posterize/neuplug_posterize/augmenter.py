"""The component ``posterize``."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from neuplug import Augmenter, Options


class PosterizeOptions(Options):
    """Options of ``posterize``."""

    levels: int = Field(8, ge=2, le=128, description="grey levels that are left, at least")


class Posterize(Augmenter):
    """Rounds grey levels down to few, as Posterize of AutoAugment does (arXiv:1805.09501).

    How many are left is drawn for each image, from ``levels`` to 256. Channels are treated alike.
    """

    options_class: ClassVar[type[PosterizeOptions]] = PosterizeOptions

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """See :class:`neuplug.Augmenter`."""
        levels = torch.randint(self.options.levels, 257, (len(images), 1, 1, 1), generator=rng)
        step = 256 // levels
        return (images // step * step).to(torch.uint8)
