"""The training loop itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neuplug import derive_seed
from neuplug_gan.diffaugment import diffaugment
from neuplug_gan.images import GreyRange, ShuffledStream
from neuplug_gan.losses import discriminator_loss, generator_loss
from neuplug_gan.trainer import AdversarialTrainer

from .convolutional import Discriminator, Generator, options, train_set, trainer
from .helpers import CPU, context


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


def test_with_all_off_it_is_the_plain_loop() -> None:
    """Bit for bit what the loop is without spectral norm and averaging, written out here."""
    changes = {"diffaugment": "color,translation", "input_noise": 0.1, "precision": "fp32"}
    wanted = options(steps=7, ema=0, grids=0, **changes)
    train = train_set()
    torch.manual_seed(1)
    network_g, network_d = Generator(8, 0), Discriminator()
    trained = AdversarialTrainer(
        network_g, network_d, train, GreyRange.of(train.images), wanted, context()
    )
    trained.run()

    torch.manual_seed(1)
    g = Generator(8, 0).to(memory_format=torch.channels_last)
    d = Discriminator().to(memory_format=torch.channels_last)
    rng = torch.Generator().manual_seed(derive_seed(3, "loop"))
    noise_rng = torch.Generator().manual_seed(derive_seed(3, "input noise"))
    stream = ShuffledStream(len(train), rng)
    real_images = GreyRange.of(train.images).to_unit(train.images, CPU)
    adam_g = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999), fused=True)
    adam_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999), fused=True)
    one, zero = torch.ones(6), torch.zeros(6)

    def judge(shown: Tensor) -> Tensor:
        shown = diffaugment(shown, ["color", "translation"], rng)
        shown = shown + 0.1 * torch.randn(shown.shape, generator=noise_rng)
        logits: Tensor = d(shown, train.labels)
        return logits

    for _ in range(7):
        real = real_images[stream.take(6)].contiguous(memory_format=torch.channels_last)
        fake = g(torch.randn((6, 8), generator=rng), train.labels)
        adam_d.zero_grad()
        discriminator_loss(judge(real), judge(fake.detach()), "bce", one, zero).backward()
        adam_d.step()
        adam_g.zero_grad()
        generator_loss(judge(fake), "bce").backward()
        adam_g.step()
    for ours, plain in ((network_g, g), (network_d, d)):
        assert ours.state_dict().keys() == plain.state_dict().keys()
        for name, value in plain.state_dict().items():
            assert torch.equal(ours.state_dict()[name], value), name
