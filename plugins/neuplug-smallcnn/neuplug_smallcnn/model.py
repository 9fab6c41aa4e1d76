"""The layouts: what stands between an image and its embedding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


class SmallNet(nn.Module):
    """Features, then one linear layer.

    Args:
        features: Maps images (N, C, H, W) to embeddings (N, ``width``).
        width: Length of an embedding.
        num_classes: Logits for each image.
        dropout: Share of an embedding that is set to zero in training.
    """

    def __init__(self, features: nn.Module, width: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, num_classes))

    def forward_features(self, images: Tensor) -> Tensor:
        """Embeddings, float (N, width), of normalised images (N, C, H, W)."""
        embeddings: Tensor = self.features(images)
        return embeddings

    def forward(self, images: Tensor) -> Tensor:
        """Logits, float (N, num_classes)."""
        logits: Tensor = self.head(self.forward_features(images))
        return logits


def compact(in_chans: int, channels: int, image_size: tuple[int, int]) -> tuple[nn.Module, int]:
    """Three blocks, each twice as wide as the one before, and the mean over the image.

    The mean, not the flattened map: 94 000 weights serve images of any size, and a defect is
    known wherever it lies, which matters with a handful of images a class.
    """
    del image_size
    layers: list[nn.Module] = []
    for width in (channels, 2 * channels, 4 * channels):
        layers += [
            nn.Conv2d(in_chans, width, 3, padding=1, bias=False),  # the normalisation has one
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        ]
        in_chans = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), in_chans


def reser2020(in_chans: int, channels: int, image_size: tuple[int, int]) -> tuple[nn.Module, int]:
    """Conv 3x3, max pooling, dense 64: the network of Reser and Reich (2020), to compare with them.

    Nearly all of its weights are in the dense layer and grow with the image: 4.2 million at 64x64.
    """
    height, width = image_size
    return (
        nn.Sequential(
            nn.Conv2d(in_chans, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(channels * (height // 2) * (width // 2), 64),
            nn.ReLU(inplace=True),
        ),
        64,
    )


@dataclass(frozen=True)
class Layout:
    """A way to build the features.

    Attributes:
        build: (image channels, first feature maps, (height, width)) to (module, its width).
        channels: Feature maps of the first convolution unless the user says otherwise.
        smallest: Least height and width in pixels.
    """

    build: Callable[[int, int, tuple[int, int]], tuple[nn.Module, int]]
    channels: int
    smallest: int


LAYOUTS = {
    "compact": Layout(compact, channels=32, smallest=8),
    "reser2020": Layout(reser2020, channels=64, smallest=2),
}
