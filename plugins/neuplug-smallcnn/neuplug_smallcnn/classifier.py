"""The component ``smallcnn``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

from neuplug import Classifier, InputError, Options
from neuplug_smallcnn.layouts import LAYOUTS, SmallNet

Layout = Literal["compact", "reser2020", "edcgan2023", "farhat", "schlagenhauf2020"]


class SmallCNNOptions(Options):
    """Options of ``smallcnn``."""

    layout: Layout = Field(
        "compact",
        description="compact: three blocks of convolution, batch normalisation and pooling; "
        "the others: the classifier of the paper of that name",
    )
    channels: int | None = Field(
        None,
        ge=1,
        le=512,
        description="feature maps of the first convolution; "
        + ", ".join(f"{layout.channels} for {name}" for name, layout in LAYOUTS.items()),
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout probability of the embedding")


class SmallCNN(Classifier):
    """A small convolutional network, trained from scratch in seconds to minutes on a CPU."""

    options_class = SmallCNNOptions
    capturable = True

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse images of which the layout's poolings leave nothing."""
        super().check_images(in_chans, image_size)
        layout, smallest = self.options.layout, LAYOUTS[self.options.layout].smallest
        if min(image_size) < smallest:
            raise InputError(
                f"smallcnn takes images from {smallest}x{smallest} pixels with layout={layout}; "
                f"these have {image_size[0]}x{image_size[1]}: choose a larger --imgsz."
            )

    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network; see :class:`neuplug.Classifier`.

        Raises:
            InputError: If the images are too small.
        """
        self.check_images(in_chans, image_size)
        layout = LAYOUTS[self.options.layout]
        channels = self.options.channels or layout.channels
        features, width = layout.build(in_chans, channels, image_size)
        return SmallNet(features, width, num_classes, self.options.dropout)
