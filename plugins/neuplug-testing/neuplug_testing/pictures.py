"""The images that components are checked with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from neuplug.data.imageset import HeldOutSet, ImageSet, TrainingSet
from neuplug.seeds import derive_seed

CLASSES = ("bars", "rolled-in scale")
PER_CLASS = 12
# Grey levels of dark and of bright images
FLAT = (40, 200)


@dataclass(frozen=True)
class Format:
    """Channels and size of images."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{'grey' if self.channels == 1 else 'rgb'}-{self.height}x{self.width}"

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width


# Grey and RGB; square, odd and not square, larger
STANDARD = tuple(
    Format(channels, height, width)
    for height, width in ((32, 32), (45, 37), (64, 64))
    for channels in (1, 3)
)

# Tried where a component takes none of the standard ones
LARGE = tuple(Format(c, side, side) for side in (128, 224) for c in (3, 1))

TINY = (Format(1, 8, 8), Format(3, 8, 8))


def pictures(form: Format, n: int, role: str) -> tuple[Tensor, Tensor]:
    """Images of two classes in turn, lying and standing bars on noise, tinted where RGB.

    Returns:
        uint8 (n, C, H, W) and int64 (n,). Other roles have other images.
    """
    rng = torch.Generator().manual_seed(derive_seed(0, role))
    shape = (n, form.channels, *form.image_size)
    images = torch.randint(0, 90, shape, generator=rng, dtype=torch.uint8)
    labels = torch.arange(n) % len(CLASSES)
    tint = torch.tensor([150, 110, 70][: form.channels], dtype=torch.uint8).view(-1, 1, 1)
    for i, label in enumerate(labels.tolist()):
        side = form.image_size[label]
        at = int(torch.randint(1, side - 3, (), generator=rng))
        bar = (i, slice(None), slice(at, at + 3)) if label == 0 else (i, ..., slice(at, at + 3))
        images[bar] += tint
    return images, labels


def flat_set(form: Format) -> TrainingSet:
    """Twelve dark images and twelve bright ones, with a little noise."""
    labels = torch.arange(PER_CLASS * len(FLAT)) % len(FLAT)
    rng = torch.Generator().manual_seed(derive_seed(0, "flat"))
    noise = torch.randint(0, 17, (len(labels), form.channels, *form.image_size), generator=rng)
    images = (torch.tensor(FLAT)[labels].view(-1, 1, 1, 1) + noise).to(torch.uint8)
    ids = tuple(f"flat/{i}" for i in range(len(labels)))
    return TrainingSet(images=images, labels=labels, classes=("dark", "bright"), ids=ids)


def _fields(form: Format, per_class: int, role: str, classes: tuple[str, ...]) -> dict[str, Any]:
    images, labels = pictures(form, per_class * len(CLASSES), role)
    if len(classes) < len(CLASSES):
        chosen = labels < len(classes)
        images, labels = images[chosen], labels[chosen]
    ids = tuple(f"{role}/{i}" for i in range(len(labels)))
    return {"images": images, "labels": labels, "classes": classes, "ids": ids}


def training_set(form: Format, classes: tuple[str, ...] = CLASSES) -> TrainingSet:
    """Twelve images of each class."""
    return TrainingSet(**_fields(form, PER_CLASS, "train", classes))


def held_out_set(form: Format) -> HeldOutSet:
    """Six other images of each class."""
    return HeldOutSet(**_fields(form, PER_CLASS // 2, "test", CLASSES))


def generated_set(form: Format) -> ImageSet:
    """Twelve other images of each class, as if they had been generated."""
    return ImageSet(**_fields(form, PER_CLASS, "generated", CLASSES))
