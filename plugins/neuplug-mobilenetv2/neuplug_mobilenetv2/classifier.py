"""The component ``mobilenetv2``. torchvision takes seconds to load, so only ``build`` loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from neuplug_torchvision.classifier import TorchvisionClassifier
from neuplug_torchvision.options import StemOptions

if TYPE_CHECKING:
    from torch import nn


class MobileNetV2Options(StemOptions):
    """Options of ``mobilenetv2``."""

    component = "mobilenetv2"
    imagenet = "mobilenet_v2-7ebf99e0.pth"  # IMAGENET1K_V2
    shaping = ("width_mult",)

    dropout: float = Field(0.2, ge=0, lt=1, description="dropout probability of the embedding")
    width_mult: float = Field(1.0, gt=0, le=4, description="factor on the width of every layer")

    def published(self) -> str:
        """ImageNet's weights were published for the full width."""
        if self.width_mult != 1:
            raise ValueError("weights=imagenet has width_mult=1 only")
        return super().published()


class MobileNetV2(TorchvisionClassifier):
    """MobileNetV2 (Sandler et al., CVPR 2018) as in torchvision, embeddings of length 1280."""

    options_class: ClassVar[type[MobileNetV2Options]] = MobileNetV2Options
    quick_options: ClassVar[dict[str, str]] = {"stem": "imagenet"}  # a sixteenth of the work
    head = "classifier."

    def network(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """A new network with random weights. Any image size will do."""
        from neuplug_mobilenetv2.model import MobileNet

        options: MobileNetV2Options = self.options
        small_stem = options.small_stem(image_size)
        width = options.width_mult
        return MobileNet(num_classes, in_chans, width, small_stem, options.dropout)
