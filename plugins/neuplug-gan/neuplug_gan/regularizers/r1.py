"""R1: a penalty on the discriminator's gradient at real images.

Mescheder, Geiger, Nowozin: Which Training Methods for GANs do actually Converge?, 2018
(arXiv:1801.04406): gamma / 2 times the mean of |grad D(x)|^2. Computed at every so many-th update
and multiplied by that number (lazy regularisation: Karras et al. 2020, arXiv:1912.04958), it costs
little. There it has updates of its own, with Adam's rates adapted; here it is added to the
adversarial loss of the update that it falls on.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuplug_gan.regularizers.turn import Turn


class R1(nn.Module):
    """The penalty, zero at the updates between.

    It judges the real images once more, after augmentation, in float32 throughout: a gradient of
    a gradient in bfloat16 is mostly rounding. Batch normalisation and dropout are as in training.

    Args:
        gamma: Its weight.
        every: Of so many updates the first has it.
    """

    def __init__(self, gamma: float, every: int) -> None:
        super().__init__()
        self.gamma, self.every = gamma, every

    def forward(self, turn: Turn) -> Tensor:
        """A scalar, float32."""
        if turn.updates % self.every:
            return turn.on_real.new_zeros(())
        images = turn.seen_real.detach().requires_grad_()
        logits = turn.judge(images, turn.labels, exact=True)
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        squared_norm = gradient.flatten(1).square().sum(1).mean()
        return self.every * self.gamma / 2 * squared_norm
