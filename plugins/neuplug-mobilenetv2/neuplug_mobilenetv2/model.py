"""torchvision's MobileNetV2 with embeddings, any number of input channels, a stem for small images.

Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks,
CVPR 2018 (arXiv:1801.04381).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenetv2

from neuplug_torchvision.layers import with_channels

THIRD_HALVING = 4  # of ``features``: from 24 to 32 maps


class MobileNet(nn.Module):
    """MobileNetV2, initialised from torch's current random state.

    Its parameters are called and shaped as in torchvision, so weight files of either fit the other.

    Args:
        num_classes: Logits for each image.
        in_chans: Image channels; the first convolution is made for them.
        width_mult: Factor on the number of feature maps of every layer.
        small_stem: The third block that halves the image keeps its size: four halvings, not five.
            The layers before it, which are the most expensive ones, still see a quarter of the
            pixels; those behind it see four times as many.
        dropout: Share of an embedding that is set to zero in training.
    """

    def __init__(
        self, num_classes: int, in_chans: int, width_mult: float, small_stem: bool, dropout: float
    ) -> None:
        super().__init__()
        whole = mobilenetv2.MobileNetV2(num_classes, width_mult, dropout=dropout)
        self.features: nn.Sequential = whole.features
        self.classifier: nn.Sequential = whole.classifier
        self.features[0][0] = with_channels(self.features[0][0], in_chans)
        if small_stem:
            self.features[THIRD_HALVING].conv[1][0].stride = (1, 1)

    def forward_features(self, images: Tensor) -> Tensor:
        """Embeddings, float (N, 1280 or more), of normalised images (N, C, H, W)."""
        return F.adaptive_avg_pool2d(self.features(images), 1).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits, float (N, num_classes)."""
        return self.forward_head(self.forward_features(images))

    def forward_head(self, embeddings: Tensor) -> Tensor:
        """Logits, float (N, num_classes), of embeddings."""
        logits: Tensor = self.classifier(embeddings)
        return logits
