"""The minibatch's standard deviation as a feature."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuplug import InputError
from neuplug_gan.layers import MinibatchStd, ProjectionHead

from .helpers import context
from .regularized import DeafGAN, options, train_set


def test_minibatch_std_by_hand() -> None:
    # two features of one pixel; each differs by 2 and by 6 between the two images
    features = torch.tensor([[1.0, 10.0], [3.0, 4.0]]).view(2, 2, 1, 1)
    out = MinibatchStd()(features)
    assert torch.equal(out[:, :2], features)
    assert out[:, 2].flatten().tolist() == pytest.approx([(1 + 3) / 2] * 2, rel=1e-4)


@pytest.mark.parametrize(
    ("batch", "sizes"), [(1, [1]), (4, [4]), (5, [3, 2]), (7, [4, 3]), (8, [4, 4]), (9, [3, 3, 3])]
)
def test_minibatch_std_of_any_batch(batch: int, sizes: list[int]) -> None:
    features = torch.randn(batch, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    out = MinibatchStd()(features.requires_grad_())
    assert out.shape == (batch, 4, 4, 5)
    begin = 0
    for size in sizes:
        group = features[begin : begin + size].detach()
        wanted = float(group.std(0, correction=0).mean())
        told = out[begin : begin + size, 3].flatten().tolist()
        assert told == pytest.approx([wanted] * len(told), abs=2e-4)
        begin += size
    out.sum().backward()
    assert features.grad is not None and features.grad.isfinite().all()


def test_minibatch_std_of_identical_images_is_zero() -> None:
    features = torch.randn(1, 3, 4, 4).repeat(6, 1, 1, 1).to(torch.bfloat16)
    out = MinibatchStd()(features)
    assert out.dtype == torch.bfloat16
    assert float(out[:, 3].abs().max()) < 2e-4


def test_the_last_layer_sees_it_and_the_projection_does_not() -> None:
    head = ProjectionHead(3, lambda maps: nn.Conv2d(maps, 1, 4), num_classes=2, minibatch_std=True)
    assert isinstance(head.last, nn.Conv2d) and head.last.in_channels == 4
    seen: list[Tensor] = []
    head.last.register_forward_pre_hook(lambda module, args: seen.append(args[0][:, -1]))
    labels = torch.tensor([0, 1, 0])
    assert head(torch.zeros(3, 3, 4, 4), labels).shape == (3,)
    head(torch.randn(3, 3, 4, 4), labels)
    assert seen[0].abs().max() < 2e-4 and seen[1].min() > 1e-2


def test_minibatch_std_needs_a_place() -> None:
    with pytest.raises(InputError, match="tiny for bar: its discriminator has no place"):
        DeafGAN(options(minibatch_std=True)).fit(train_set(), context())
