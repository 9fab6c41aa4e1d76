"""What every torchvision network can be told: which weights it starts from. Loads without torch."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from neuplug import InputError, Options

# Below this side the published stems throw most of an image away; what that costs is measured in
# the plugins' READMEs. The bound itself is a choice.
SMALL = 96


class PretrainedOptions(Options):
    """Options of a network that starts from random or from given weights.

    Attributes:
        component: The component's name, for messages.
        imagenet: Name of torchvision's file of ImageNet weights, ``<network>-<hash>.pth``.
        shaping: Options that decide which weights fit, for messages.
    """

    component: ClassVar[str]
    imagenet: ClassVar[str]
    shaping: ClassVar[tuple[str, ...]] = ()

    weights: Literal["none", "imagenet"] | Path = Field(
        "none",
        description="none: random; imagenet: torchvision's, from torch's hub folder; "
        "or a .pth or .safetensors file of this network",
    )
    weights_by: Literal["name", "shape"] = Field(
        "name",
        description="shape: take the weights of a file that names them differently in their order, "
        "if the sequence of shapes is the network's",
    )
    freeze: bool = Field(
        False, description="train the last layer alone, on the features of the given weights"
    )
    download: bool = Field(False, description="download the imagenet weights if they are missing")

    def published(self) -> str:
        """The name of the file of ImageNet weights for these options.

        Raises:
            ValueError: If none were published for them; the text goes into a message.
        """
        return self.imagenet

    @property
    def variant(self) -> str:
        """The network that weights must fit, for messages: ``resnet18 with stem=auto``."""
        chosen = ", ".join(f"{name}={getattr(self, name)}".lower() for name in self.shaping)
        return f"{self.component} with {chosen}" if chosen else self.component

    @model_validator(mode="after")
    def _weights_are_there(self) -> Self:
        """Miss the weights now, not after hours of training generators."""
        if self.freeze and self.weights == "none":
            raise ValueError(
                "freeze=true trains the last layer on the features of given weights, and there "
                "are none: give weights=imagenet or weights=FILE, or leave freeze out"
            )
        if self.weights_by == "shape" and not isinstance(self.weights, Path):
            raise ValueError(
                "weights_by=shape is for a file with names of its own: give weights=FILE, or "
                "leave it out"
            )
        if self.weights == "imagenet":
            name = self.published()
            if not self.download:
                self._find(name)
        elif self.weights != "none" and not Path(self.weights).expanduser().is_file():
            raise InputError(
                f"{self.component}.weights = {self.weights}: there is no such file. "
                "Give none, imagenet, or the path of a .pth or .safetensors file."
            )
        return self

    def _find(self, name: str) -> None:
        from neuplug_torchvision.weights import hub_file

        if not (file := hub_file(name)).is_file():
            raise InputError(
                f"{self.component}.weights = imagenet: {file} is not there. Put torchvision's file "
                f"{name} into that folder, name yours with weights=PATH, or let it be "
                "fetched with download=true."
            )


class StemOptions(PretrainedOptions):
    """Options of a network whose first layers may be spared for small images."""

    stem: Literal["auto", "imagenet", "small"] = Field(
        "auto",
        description="imagenet: as published for 224x224; small: fewer of the first layers halve "
        f"the image; auto: small below {SMALL} pixels, imagenet from there and wherever weights "
        "are given",
    )

    def small_stem(self, image_size: tuple[int, int]) -> bool:
        """Whether the network for images of (height, width) begins as for small ones."""
        if self.stem == "auto":
            return self.weights == "none" and min(image_size) < SMALL
        return self.stem == "small"
