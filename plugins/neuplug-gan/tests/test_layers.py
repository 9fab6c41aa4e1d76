"""The layers that the networks of GANs have in common."""

from __future__ import annotations

import torch
from torch import nn

from neuplug_gan.layers import ProjectionHead


def test_the_projection_of_the_mean_features_is_added_to_the_logit() -> None:
    last = nn.Conv2d(3, 1, 4)
    head = ProjectionHead(3, last, num_classes=2)
    assert head.embedding is not None
    with torch.no_grad():
        head.embedding.weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 3.0]]))
        features, labels = torch.randn(4, 3, 4, 4), torch.tensor([0, 1, 1, 0])
        first, second, third = features.mean((2, 3)).T
        projected = torch.where(labels == 0, first, 2 * second + 3 * third)
        logits = last(features).flatten() + projected
        torch.testing.assert_close(head(features, labels), logits)
        plain = ProjectionHead(3, last)
        torch.testing.assert_close(plain(features), last(features).flatten())
