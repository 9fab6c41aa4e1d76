"""R1: the gradient penalty against its value by hand, then in training."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuplug_gan.regularizers import R1

from .regularized import Discriminator, images, trainer, turn


def test_r1_of_a_linear_discriminator() -> None:
    linear = nn.Linear(64, 1)
    network = nn.Sequential(nn.Flatten(), linear)
    penalty = R1(gamma=10.0, every=1)
    found = penalty(turn(network, images(), images(seed=1)))
    squared = linear.weight.detach().square().sum()
    assert float(found.detach()) == pytest.approx(10 / 2 * float(squared), rel=1e-5)
    found.backward()
    # the derivative of gamma / 2 |w|^2 is gamma w
    assert torch.allclose(linear.weight.grad, 10 * linear.weight, rtol=1e-4)


def test_r1_is_lazy_and_as_strong() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    each, lazy = R1(2.0, 1), R1(2.0, 4)
    often = [each(turn(network, images(), images(), i)).item() for i in range(8)]
    seldom = [lazy(turn(network, images(), images(), i)).item() for i in range(8)]
    assert [value > 0 for value in seldom] == [True, False, False, False] * 2
    assert sum(seldom) == pytest.approx(sum(often), rel=1e-5)


class Witness(Discriminator):
    """Remembers what it was shown, and the precision in which it judged it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []
        self.dtypes: list[torch.dtype] = []

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits = super().forward(images, labels)
        self.seen.append(images.detach())
        self.dtypes.append(logits.dtype)
        return logits


@pytest.mark.parametrize("loss", ["bce", "hinge"])
def test_r1_sees_augmented_images_in_float32(loss: str) -> None:
    witness = Witness()
    wanted = {"loss": loss, "precision": "bf16", "diffaugment": "color", "r1": 1, "r1_every": 2}
    trainer(witness, steps=3, **wanted).run()
    half, single = torch.bfloat16, torch.float32
    # real, fake, R1 at updates 0 and 2, the generator's turn
    with_r1, without = [half, half, single, half], [half, half, half]
    assert witness.dtypes == with_r1 + without + with_r1
    assert torch.equal(witness.seen[0], witness.seen[2])  # the same colours
