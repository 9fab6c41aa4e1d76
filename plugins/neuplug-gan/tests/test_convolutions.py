"""Faster convolutions compute what PyTorch's own do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neuplug_gan import convolutions

# in, out, kernel, stride, padding, sides
CONV = [
    (1, 8, 4, 2, 1, (12, 10)), (1, 8, 3, 2, 1, (12, 10)), (1, 8, 5, 2, 2, (12, 10)),
    (1, 8, 2, 2, 0, (12, 10)), (1, 8, 3, 2, 0, (12, 10)), (1, 8, 4, 2, 1, (11, 10)),
    (3, 8, 4, 2, 1, (12, 10)), (8, 2, (6, 5), 1, 0, (6, 5)), (4, 4, 3, 1, 1, (6, 5)),
]  # fmt: skip
# and the padding of the output
TRANSPOSED = [
    (8, 1, 4, 2, 1, (6, 5), 0), (8, 1, 3, 2, 1, (6, 5), 1), (8, 1, 3, 2, 1, (6, 5), 0),
    (8, 1, 4, 2, 1, (6, 5), (1, 0)), (8, 1, 2, 2, 0, (6, 5), 0), (8, 3, 4, 2, 1, (6, 5), 0),
    (8, 4, (6, 5), 1, 0, (1, 1), 0), (8, 4, 3, 2, 1, (1, 1), 1), (8, 4, 4, 2, 1, (6, 5), 0),
]  # fmt: skip


def outcome(layer: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """Outputs, and the gradients of input and parameters."""
    images = images.clone(memory_format=torch.preserve_format).requires_grad_()
    outputs = layer(images)
    rng = torch.Generator().manual_seed(1)
    outputs.backward(torch.randn(outputs.shape, generator=rng))
    assert images.grad is not None
    return [
        outputs.detach(),
        images.grad,
        *(p.grad for p in layer.parameters() if p.grad is not None),
    ]


def compare(fast: nn.Module, plain: nn.Module, channels: int, sides: tuple[int, int]) -> None:
    plain.load_state_dict(fast.state_dict())
    images = torch.randn(3, channels, *sides, generator=torch.Generator().manual_seed(0))
    for form in (torch.contiguous_format, torch.channels_last):
        expected = outcome(plain, images)
        found = outcome(fast, images.contiguous(memory_format=form))
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("case", CONV, ids=str)
def test_convolution(case: tuple[int, int, int, int, int, tuple[int, int]], bias: bool) -> None:
    *numbers, sides = case
    fast = convolutions.Conv2d(*numbers, bias=bias)
    compare(fast, nn.Conv2d(*numbers, bias=bias), case[0], sides)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("case", TRANSPOSED, ids=str)
def test_transposed(case: tuple[int, int, int, int, int, tuple[int, int], int], bias: bool) -> None:
    *numbers, sides, rest = case
    fast = convolutions.ConvTranspose2d(*numbers, output_padding=rest, bias=bias)
    plain = nn.ConvTranspose2d(*numbers, output_padding=rest, bias=bias)
    compare(fast, plain, case[0], sides)
