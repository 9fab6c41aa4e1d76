"""The component ``THE_NAME``."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from neuplug import Classifier, InputError, Options


class TheNameOptions(Options):
    """Options of ``THE_NAME``."""

    channels: int = Field(
        16, ge=1, le=256, description="feature maps of the first block; each next one has twice"
    )
    blocks: int = Field(3, ge=1, le=5, description="how often the image is halved")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout probability of the embedding")


class TheNameNet(nn.Module):
    """Blocks of convolution, batch normalisation and pooling, their mean, one linear layer.

    Args:
        in_chans: 1 (grey) or 3 (RGB).
        num_classes: Logits for each image.
        options: The component's.
    """

    def __init__(self, in_chans: int, num_classes: int, options: TheNameOptions) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = options.channels
        for _ in range(options.blocks):
            # no bias: the normalisation would take it away again
            convolution = nn.Conv2d(in_chans, width, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
            in_chans, width = width, 2 * width
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(options.dropout), nn.Linear(in_chans, num_classes))

    def forward_features(self, images: Tensor) -> Tensor:
        """Embeddings, float (N, F), of normalised images (N, C, H, W)."""
        embeddings: Tensor = self.features(images)
        return embeddings

    def forward(self, images: Tensor) -> Tensor:
        """Logits, float (N, num_classes)."""
        logits: Tensor = self.head(self.forward_features(images))
        return logits


class TheNameClassifier(Classifier):
    """A small convolutional network for grey or RGB images of any size; neuplug trains it."""

    options_class = TheNameOptions

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse images of which the poolings leave nothing."""
        super().check_images(in_chans, image_size)
        smallest = 2**self.options.blocks
        if min(image_size) < smallest:
            height, width = image_size
            raise InputError(
                f"{smallest} pixels a side are the least for {self.options.blocks} blocks, and "
                f"these images have {height}x{width}: choose fewer blocks or a larger --imgsz."
            )

    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network; see :class:`neuplug.Classifier`.

        Raises:
            InputError: If the images are too small.
        """
        self.check_images(in_chans, image_size)
        return TheNameNet(in_chans, num_classes, self.options)
