"""The component ``mobilenetv2``. torchvision takes seconds to load, so only ``build`` loads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from neuplug import Classifier, InputError, Options

if TYPE_CHECKING:
    from torch import nn

# Of the images that torchvision's weights were trained on, for pixels in 0-1.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class MobileNetV2Options(Options):
    """Options of ``mobilenetv2``."""

    weights: Literal["none", "imagenet"] | Path = Field(
        "none",
        description="none: random; imagenet: torchvision's, from torch's hub folder; "
        "or a .pth or .safetensors file of a MobileNetV2",
    )
    download: bool = Field(False, description="fetch the imagenet weights if they are not there")
    dropout: float = Field(0.2, ge=0, lt=1, description="share of the embedding set to zero")
    width_mult: float = Field(1.0, gt=0, le=4, description="factor on the width of every layer")

    @model_validator(mode="after")
    def _weights_are_there(self) -> Self:
        """Miss the weights now, not after hours of training generators."""
        if self.weights == "imagenet":
            from neuplug_mobilenetv2.weights import hub_file

            if self.width_mult != 1:
                raise ValueError("weights=imagenet has width_mult=1 only")
            if not self.download and not (file := hub_file()).is_file():
                raise InputError(
                    f"mobilenetv2.weights = imagenet: {file} is not there. Put torchvision's file "
                    f"{file.name} into that folder, name yours with weights=PATH, or let it be "
                    "fetched with download=true."
                )
        elif self.weights != "none" and not Path(self.weights).expanduser().is_file():
            raise InputError(
                f"mobilenetv2.weights = {self.weights}: there is no such file. "
                "Give none, imagenet, or the path of a .pth or .safetensors file."
            )
        return self


class MobileNetV2(Classifier):
    """MobileNetV2 (Sandler et al., CVPR 2018) as in torchvision, embeddings of length 1280."""

    options_class = MobileNetV2Options

    @property
    def channels(self) -> frozenset[int]:
        """Grey or RGB; RGB alone where pretrained weights expect it."""
        return super().channels if self.options.weights == "none" else frozenset({3})

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """ImageNet's where weights are given, else that of the real images."""
        return None if self.options.weights == "none" else (IMAGENET_MEAN, IMAGENET_STD)

    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network; see :class:`neuplug.Classifier`. Any image size will do.

        Raises:
            InputError: If the weights cannot be read or belong to another network.
        """
        from neuplug_mobilenetv2.model import MobileNet
        from neuplug_mobilenetv2.weights import adopt, imagenet_file, read

        options = self.options
        network = MobileNet(num_classes, in_chans, options.width_mult, options.dropout)
        if options.weights != "none":
            pretrained = options.weights == "imagenet"
            file = imagenet_file(options.download) if pretrained else options.weights.expanduser()
            adopt(network, read(file), file)
        return network
