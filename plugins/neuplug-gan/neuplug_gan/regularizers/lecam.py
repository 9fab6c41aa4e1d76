"""LeCam regularisation: logits are drawn towards where the other side's have been.

Tseng, Jiang, Liu, Yang, Yang: Regularizing Generative Adversarial Networks under Limited Data, 2021
(arXiv:2104.03310): the mean square of D(x) - a_F and of D(G(z)) - a_R, where the anchors a_R and
a_F are moving averages of the logits on real and on generated images. It acts on logits, whatever
the loss.

As in the authors' code, but not in the paper's equation, a logit that lies beyond the other side's
anchor already is left alone: only the positive parts of D(x) - a_F and a_R - D(G(z)) are squared.
Their BigGAN lets 1000 updates pass first, of hundreds of thousands; here trainings are shorter.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuplug_gan.regularizers.turn import Turn


class LeCam(nn.Module):
    """The penalty, with its anchors.

    Args:
        weight: The paper's lambda.
        decay: Of the anchors, at every update.
        start: At so many updates, the first one always, the anchors are the latest logits' means
            and nothing is penalised.
    """

    real: Tensor
    fake: Tensor

    def __init__(self, weight: float, decay: float, start: int) -> None:
        super().__init__()
        self.weight, self.decay, self.start = weight, decay, start
        self.register_buffer("real", torch.zeros(()))
        self.register_buffer("fake", torch.zeros(()))

    def forward(self, turn: Turn) -> Tensor:
        """A scalar, float32; moves the anchors, then measures from them, as the authors do."""
        waiting = turn.updates < max(1, self.start)
        new = 1.0 if waiting else 1 - self.decay
        self.real = torch.lerp(self.real, turn.on_real.detach().mean(), new)
        self.fake = torch.lerp(self.fake, turn.on_fake.detach().mean(), new)
        if waiting:
            return turn.on_real.new_zeros(())
        above = F.relu(turn.on_real - self.fake).square().mean()
        below = F.relu(self.real - turn.on_fake).square().mean()
        return self.weight * (above + below)
