"""The components ``vgg11`` and ``vgg16``.

torchvision takes seconds to load, so only ``build`` loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neuplug import InputError
from neuplug_torchvision.classifier import TorchvisionClassifier
from neuplug_torchvision.options import PretrainedOptions

if TYPE_CHECKING:
    from torch import nn

SMALLEST = 32  # five poolings leave one pixel
LARGE = 224  # five poolings leave the 7x7 that the published head takes


class VGGOptions(PretrainedOptions):
    """Options of every VGG.

    Attributes:
        imagenet_plain: Name of torchvision's file without batch normalisation; ``imagenet`` is
            the one with.
    """

    imagenet_plain: ClassVar[str]
    shaping = ("batch_norm", "head")

    batch_norm: bool = Field(True, description="batch normalisation after every convolution")
    head: Literal["auto", "full", "small"] = Field(
        "auto",
        description="full: two dense layers of 4096, as published; small: the mean over the image; "
        f"auto: small below {LARGE} pixels, full from there and wherever weights are given",
    )
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout probability before a dense layer")

    def published(self) -> str:
        """ImageNet's weights were published with and without batch normalisation."""
        return self.imagenet if self.batch_norm else self.imagenet_plain


class VGG11Options(VGGOptions):
    """Options of ``vgg11``."""

    component = "vgg11"
    imagenet = "vgg11_bn-6002323d.pth"  # IMAGENET1K_V1
    imagenet_plain = "vgg11-8a719046.pth"  # IMAGENET1K_V1


class VGG16Options(VGGOptions):
    """Options of ``vgg16``."""

    component = "vgg16"
    imagenet = "vgg16_bn-6c64b313.pth"  # IMAGENET1K_V1
    imagenet_plain = "vgg16-397923af.pth"  # IMAGENET1K_V1


class _VGG(TorchvisionClassifier):
    options_class: ClassVar[type[VGGOptions]]

    @property
    def head(self) -> str:
        """Of the full head the last layer alone depends on the classes."""
        return "classifier." if self.options.head == "small" else "classifier.6."

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse images of which five poolings leave nothing."""
        self._refuse_small(image_size)
        super().check_images(in_chans, image_size)

    def _refuse_small(self, image_size: tuple[int, int]) -> None:
        if min(image_size) < SMALLEST:
            raise InputError(
                f"{self.options.component} takes images from {SMALLEST}x{SMALLEST} pixels; these "
                f"have {image_size[0]}x{image_size[1]}: choose a larger --imgsz."
            )

    def network(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """A new network with random weights.

        Raises:
            InputError: If a side of the images is shorter than 32 pixels.
        """
        from neuplug_vgg.model import VGG

        self._refuse_small(image_size)
        options: VGGOptions = self.options
        full = options.head == "full" or (
            options.head == "auto" and (options.weights != "none" or min(image_size) >= LARGE)
        )
        return VGG(
            options.component, num_classes, in_chans, options.batch_norm, full, options.dropout
        )


class VGG11(_VGG):
    """VGG-11 (Simonyan and Zisserman, ICLR 2015) as in torchvision."""

    options_class: ClassVar[type[VGGOptions]] = VGG11Options


class VGG16(_VGG):
    """VGG-16 (Simonyan and Zisserman, ICLR 2015) as in torchvision."""

    options_class: ClassVar[type[VGGOptions]] = VGG16Options
