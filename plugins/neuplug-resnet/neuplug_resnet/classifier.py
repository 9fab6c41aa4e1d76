"""The components ``resnet18``, ``resnet34`` and ``resnet50``.

torchvision takes seconds to load, so only ``build`` loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from neuplug_torchvision.classifier import TorchvisionClassifier
from neuplug_torchvision.options import StemOptions

if TYPE_CHECKING:
    from torch import nn


class ResNetOptions(StemOptions):
    """Options of every ResNet."""

    shaping = ("stem",)

    dropout: float = Field(0.0, ge=0, lt=1, description="dropout probability of the embedding")

    def published(self) -> str:
        """ImageNet's weights were published for the published stem."""
        if self.stem == "small":
            raise ValueError("weights=imagenet has stem=imagenet only")
        return super().published()


class ResNet18Options(ResNetOptions):
    """Options of ``resnet18``."""

    component = "resnet18"
    imagenet = "resnet18-f37072fd.pth"  # IMAGENET1K_V1


class ResNet34Options(ResNetOptions):
    """Options of ``resnet34``."""

    component = "resnet34"
    imagenet = "resnet34-b627a593.pth"  # IMAGENET1K_V1


class ResNet50Options(ResNetOptions):
    """Options of ``resnet50``."""

    component = "resnet50"
    imagenet = "resnet50-11ad3fa6.pth"  # IMAGENET1K_V2


class _ResNet(TorchvisionClassifier):
    options_class: ClassVar[type[ResNetOptions]]
    quick_options: ClassVar[dict[str, str]] = {"stem": "imagenet"}  # a sixteenth of the work
    head = "fc."

    def network(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """A new network with random weights. Any image size will do."""
        from neuplug_resnet.model import ResNet

        options: ResNetOptions = self.options
        small_stem = options.small_stem(image_size)
        return ResNet(options.component, num_classes, in_chans, small_stem, options.dropout)


class ResNet18(_ResNet):
    """ResNet-18 (He et al., CVPR 2016) as in torchvision, embeddings of length 512."""

    options_class: ClassVar[type[ResNetOptions]] = ResNet18Options


class ResNet34(_ResNet):
    """ResNet-34 (He et al., CVPR 2016) as in torchvision, embeddings of length 512."""

    options_class: ClassVar[type[ResNetOptions]] = ResNet34Options


class ResNet50(_ResNet):
    """ResNet-50 (He et al., CVPR 2016) as in torchvision, embeddings of length 2048."""

    options_class: ClassVar[type[ResNetOptions]] = ResNet50Options
