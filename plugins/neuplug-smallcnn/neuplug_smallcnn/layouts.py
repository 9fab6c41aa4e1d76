"""The network, and the layouts: what stands between an image and its embedding.

``compact`` is ours; the others are the classifiers of papers, to compare with them. What the papers
leave open is decided alike for all: convolutions keep the size of the map ("same" padding, which
two of the four print), max pooling halves it, and a convolution before a batch normalisation has no
bias, since the normalisation would take it away again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

Features = tuple[nn.Module, int]


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


def compact(in_chans: int, channels: int, image_size: tuple[int, int]) -> Features:
    """Three blocks, each twice as wide as the one before, and the mean over the image.

    The mean, not the flattened map: 94 000 weights serve images of any size, and a defect is
    known wherever it lies, which matters with a handful of images a class.
    """
    del image_size
    layers: list[nn.Module] = []
    for width in (channels, 2 * channels, 4 * channels):
        layers += [*_normalised(in_chans, width, 3), nn.MaxPool2d(2)]
        in_chans = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), in_chans


def reser2020(in_chans: int, channels: int, image_size: tuple[int, int]) -> Features:
    """Conv 3x3, max pooling, dense 64: table I of Reser and Reich (2020).

    Nearly all of its weights are in the dense layer and grow with the image: 4.2 million at 64x64.
    """
    layers = [*_plain(in_chans, channels, 3), nn.MaxPool2d(2)]
    return _flattened(layers, channels, image_size, 64)


def edcgan2023(in_chans: int, channels: int, image_size: tuple[int, int]) -> Features:
    """Three blocks of two conv 3x3 and max pooling, dense 128: the "small CNN based on VGG-16".

    Table 3 of the EDCGAN paper (2023) names it without its layers. Two convolutions a block are
    how VGG-16 begins, with half as many feature maps.
    """
    layers: list[nn.Module] = []
    for width in (channels, 2 * channels, 4 * channels):
        layers += [*_plain(in_chans, width, 3), *_plain(width, width, 3), nn.MaxPool2d(2)]
        in_chans = width
    return _flattened(layers, in_chans, image_size, 128)


def farhat(in_chans: int, channels: int, image_size: tuple[int, int]) -> Features:
    """Conv 5x5, conv 3x3 with half as many maps, each with max pooling; dense 64.

    The classifier of cows and horses. The paper gives the convolutions and "2 dense layers"; that
    the hidden one has 64 units is our reading.
    """
    narrow = max(1, channels // 2)
    layers = [
        *_plain(in_chans, channels, 5),
        nn.MaxPool2d(2),
        *_plain(channels, narrow, 3),
        nn.MaxPool2d(2),
    ]
    return _flattened(layers, narrow, image_size, 64)


def schlagenhauf2020(in_chans: int, channels: int, image_size: tuple[int, int]) -> Features:
    """Conv 5x5, 5x5, 3x3, each normalised and with max pooling; dense 64: table 5 of the paper.

    Schlagenhauf et al. (2020), failures on ball screws at 96x96.
    """
    layers: list[nn.Module] = []
    for width, kernel in ((channels, 5), (2 * channels, 5), (4 * channels, 3)):
        layers += [*_normalised(in_chans, width, kernel), nn.MaxPool2d(2)]
        in_chans = width
    return _flattened(layers, in_chans, image_size, 64)


def _plain(in_chans: int, width: int, kernel: int) -> list[nn.Module]:
    return [nn.Conv2d(in_chans, width, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]


def _normalised(in_chans: int, width: int, kernel: int) -> list[nn.Module]:
    convolution = nn.Conv2d(in_chans, width, kernel, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]


def _flattened(
    layers: list[nn.Module], channels: int, image_size: tuple[int, int], width: int
) -> Features:
    """The layers, all pixels of their last map in one row, and a dense layer with ReLU."""
    halvings = sum(isinstance(layer, nn.MaxPool2d) for layer in layers)
    height, breadth = (side >> halvings for side in image_size)
    dense = nn.Linear(channels * height * breadth, width)
    return nn.Sequential(*layers, nn.Flatten(), dense, nn.ReLU(inplace=True)), width


@dataclass(frozen=True)
class Layout:
    """A way to build the features.

    Attributes:
        build: (image channels, first feature maps, (height, width)) to (module, its width).
        channels: Feature maps of the first convolution unless the user says otherwise.
        smallest: Least height and width in pixels: the poolings leave one pixel of it.
    """

    build: Callable[[int, int, tuple[int, int]], Features]
    channels: int
    smallest: int


LAYOUTS = {
    "compact": Layout(compact, channels=32, smallest=8),
    "reser2020": Layout(reser2020, channels=64, smallest=2),
    "edcgan2023": Layout(edcgan2023, channels=32, smallest=8),
    "farhat": Layout(farhat, channels=16, smallest=4),
    "schlagenhauf2020": Layout(schlagenhauf2020, channels=16, smallest=8),
}
