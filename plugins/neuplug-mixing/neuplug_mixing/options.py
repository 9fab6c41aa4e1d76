"""The options of every mixer. This module loads nothing but pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neuplug import Options

_ALPHA = (
    "of the distribution Beta(alpha, alpha) that an image's share is drawn from: 1 is uniform, "
    "near 0 little is mixed"
)
_PROBABILITY = "that something is mixed"


class MixingOptions(Options):
    """What all mixers have."""

    alpha: float = Field(1.0, gt=0, le=100, description=_ALPHA)
    probability: float = Field(0.5, ge=0, le=1, description=_PROBABILITY)
    per: Literal["image", "batch"] = Field(
        "image",
        description="whether each image has draws of its own, or all of a batch the same ones, as "
        "in the code of the papers",
    )


class MixupOptions(MixingOptions):
    """Those of ``mixup``, which is always applied in its paper, with a small alpha."""

    alpha: float = Field(0.2, gt=0, le=100, description=_ALPHA)
    probability: float = Field(1.0, ge=0, le=1, description=_PROBABILITY)
