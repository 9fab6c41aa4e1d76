"""The network: a layout's features, then one linear layer."""

from __future__ import annotations

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
