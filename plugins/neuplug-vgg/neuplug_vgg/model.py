"""torchvision's VGGs with embeddings, any number of input channels, and a head for small images.

Simonyan and Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR
2015 (arXiv:1409.1556).
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models import vgg

from neuplug_torchvision.layers import initialize, with_channels

CONFIGURATIONS = {"vgg11": "A", "vgg16": "D"}  # table 1 of the paper


class VGG(nn.Module):
    """A VGG, initialised from torch's current random state.

    Its parameters are called as in torchvision, so weight files of either fit the other. They begin
    as there too: without batch normalisation, smaller or larger weights would fade out or blow
    up on the way through the layers; the paper could train no more than 11 layers from scratch.

    Args:
        name: ``vgg11`` or ``vgg16``.
        num_classes: Logits for each image.
        in_chans: Image channels; the first convolution is made for them.
        batch_norm: Whether every convolution is followed by batch normalisation.
        full_head: The published head: the last map is brought to 7x7, then two dense layers of
            4096. Otherwise one dense layer on the mean of each of the last 512 feature maps.
        dropout: Share of the values before a dense layer that is set to zero in training; in the
            full head, before the second and the third one.
    """

    def __init__(
        self,
        name: str,
        num_classes: int,
        in_chans: int,
        batch_norm: bool,
        full_head: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.features: nn.Sequential = vgg.make_layers(vgg.cfgs[CONFIGURATIONS[name]], batch_norm)
        self.features[0] = with_channels(self.features[0], in_chans)
        self.avgpool = nn.AdaptiveAvgPool2d(7 if full_head else 1)
        layers: list[nn.Module] = []
        if full_head:
            for width in (512 * 7 * 7, 4096):
                layers += [nn.Linear(width, 4096), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        else:
            layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(4096 if full_head else 512, num_classes))
        self.classifier = nn.Sequential(*layers)
        self.apply(initialize)
        for layer in layers:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)

    def forward_features(self, images: Tensor) -> Tensor:
        """Embeddings, float (N, 4096) or (N, 512), of normalised images (N, C, H, W)."""
        pooled = self.avgpool(self.features(images)).flatten(1)
        embeddings: Tensor = self.classifier[:-2](pooled)
        return embeddings

    def forward(self, images: Tensor) -> Tensor:
        """Logits, float (N, num_classes)."""
        return self.forward_head(self.forward_features(images))

    def forward_head(self, embeddings: Tensor) -> Tensor:
        """Logits, float (N, num_classes), of embeddings."""
        logits: Tensor = self.classifier[-2:](embeddings)
        return logits
