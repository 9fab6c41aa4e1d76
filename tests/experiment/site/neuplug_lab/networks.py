"""A small convolutional network, which may begin with weights of a file."""

from pathlib import Path

from pydantic import Field
from safetensors.torch import load_file
from torch import nn

from neuplug import Classifier, Options


class ConvOptions(Options):
    channels: int = Field(16, ge=1, le=64, description="feature maps of the first convolution")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of the embedding set to zero")
    weights: Path | None = Field(None, description="a file of weights to begin with")


class Conv(Classifier):
    options_class = ConvOptions

    def build(self, num_classes, in_chans, image_size):
        net = Net(num_classes, in_chans, self.options.channels, self.options.dropout)
        if self.options.weights is not None:
            net.load_state_dict(load_file(self.options.weights))
        return net


class Net(nn.Module):
    def __init__(self, num_classes, in_chans, channels, dropout):
        super().__init__()
        blocks = []
        for width in (channels, 2 * channels, 4 * channels):
            blocks += [nn.Conv2d(in_chans, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
            blocks += [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            in_chans = width
        self.features = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(in_chans, num_classes))

    def forward_features(self, images):
        return self.features(images)

    def forward(self, images):
        return self.head(self.forward_features(images))
