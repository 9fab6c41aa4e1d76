"""The training loop itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from .regularized import Discriminator, trainer


class Witness(Discriminator):
    """Remembers the precision in which it judged."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: list[torch.dtype] = []

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits = super().forward(images, labels)
        self.dtypes.append(logits.dtype)
        return logits


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_the_discriminator_judges_in_the_precision_asked_for(
    precision: str, dtype: torch.dtype
) -> None:
    witness = Witness()
    trainer(witness, steps=2, precision=precision).run()
    assert witness.dtypes == [dtype] * 6  # real, fake and the generator's turn, twice
