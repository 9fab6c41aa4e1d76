"""torchvision's ResNets with embeddings, any number of input channels, and a stem for small images.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016 (arXiv:1512.03385).
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision import models

from neuplug_torchvision.layers import initialize, with_channels


class ResNet(nn.Module):
    """A ResNet, initialised from torch's current random state.

    Its parameters are called as in torchvision, so weight files of either fit the other.

    Args:
        name: ``resnet18``, ``resnet34`` or ``resnet50``, as in torchvision.
        num_classes: Logits for each image.
        in_chans: Image channels; the first convolution is made for them.
        small_stem: Begin as for CIFAR (section 4.2 of the paper): a 3x3 convolution of stride 1 and
            no pooling instead of 7x7 of stride 2 and max pooling.
        dropout: Share of an embedding that is set to zero in training.
    """

    def __init__(
        self, name: str, num_classes: int, in_chans: int, small_stem: bool, dropout: float
    ) -> None:
        super().__init__()
        whole = models.get_model(name, weights=None, num_classes=num_classes)
        if small_stem:
            self.conv1 = nn.Conv2d(in_chans, whole.conv1.out_channels, 3, padding=1, bias=False)
            initialize(self.conv1)
            self.maxpool: nn.Module = nn.Identity()
        else:
            self.conv1 = with_channels(whole.conv1, in_chans)
            self.maxpool = whole.maxpool
        self.bn1: nn.Module = whole.bn1
        self.relu: nn.Module = whole.relu
        self.layer1: nn.Module = whole.layer1
        self.layer2: nn.Module = whole.layer2
        self.layer3: nn.Module = whole.layer3
        self.layer4: nn.Module = whole.layer4
        self.avgpool: nn.Module = whole.avgpool
        self.dropout = nn.Dropout(dropout)
        self.fc: nn.Linear = whole.fc

    def forward_features(self, images: Tensor) -> Tensor:
        """Embeddings, float (N, 512) or (N, 2048), of normalised images (N, C, H, W)."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        embeddings: Tensor = self.avgpool(maps).flatten(1)
        return embeddings

    def forward(self, images: Tensor) -> Tensor:
        """Logits, float (N, num_classes)."""
        return self.forward_head(self.forward_features(images))

    def forward_head(self, embeddings: Tensor) -> Tensor:
        """Logits, float (N, num_classes), of embeddings."""
        logits: Tensor = self.fc(self.dropout(embeddings))
        return logits
