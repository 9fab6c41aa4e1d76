"""The components ``resnet18``, ``resnet34`` and ``resnet50``.

torchvision takes seconds to load, so only ``build`` loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neuplug_torchvision.classifier import TorchvisionClassifier
from neuplug_torchvision.options import PretrainedOptions

if TYPE_CHECKING:
    from torch import nn

# Below this side the published stem throws most of an image away. On NEU (6 classes, 40 images a
# class, 64x64, 250 steps, 2 draws) the small one gave resnet18 94 instead of 87 % accuracy, in ten
# times the time. The bound itself is a choice: at 96 the published stem still leaves 24x24.
SMALL = 96


class ResNetOptions(PretrainedOptions):
    """Options of every ResNet."""

    shaping = ("stem",)

    stem: Literal["auto", "imagenet", "small"] = Field(
        "auto",
        description="imagenet: conv 7x7 stride 2, max pooling; small: conv 3x3 stride 1; "
        f"auto: small below {SMALL} pixels, imagenet from there and wherever weights are given",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="share of the embedding set to zero")

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
    head = "fc."

    def network(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """A new network with random weights. Any image size will do."""
        from neuplug_resnet.model import ResNet

        options: ResNetOptions = self.options
        small = options.stem == "small" or (
            options.stem == "auto" and options.weights == "none" and min(image_size) < SMALL
        )
        return ResNet(options.component, num_classes, in_chans, small, options.dropout)


class ResNet18(_ResNet):
    """ResNet-18 (He et al., CVPR 2016) as in torchvision, embeddings of length 512."""

    options_class: ClassVar[type[ResNetOptions]] = ResNet18Options


class ResNet34(_ResNet):
    """ResNet-34 (He et al., CVPR 2016) as in torchvision, embeddings of length 512."""

    options_class: ClassVar[type[ResNetOptions]] = ResNet34Options


class ResNet50(_ResNet):
    """ResNet-50 (He et al., CVPR 2016) as in torchvision, embeddings of length 2048."""

    options_class: ClassVar[type[ResNetOptions]] = ResNet50Options
