"""What regularises a discriminator, each after its paper and off by default.

A penalty maps a :class:`Turn` to a float32 scalar that the discriminator's loss is raised by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuplug_gan.diffaugment import translation
from neuplug_gan.options import GANOptions

# The discriminator, with the trainer's input noise and precision around it: images, float32
# (N, C, H, W), and labels to logits, float32 (N,); with ``exact=True`` nothing is in bfloat16
Judge: TypeAlias = Callable[..., Tensor]


@dataclass(frozen=True)
class Turn:
    """One update of the discriminator, as its penalties see it.

    Attributes:
        judge: The discriminator.
        labels: int64 (N,), of the real and of the generated images alike.
        real: Real images in [-1, 1], float32 (N, C, H, W).
        fake: Generated images likewise, without a gradient.
        seen_real: ``real`` after DiffAugment; the same tensor if that is off.
        on_real: Logits on ``seen_real``, float32 (N,).
        on_fake: Logits on ``fake`` after DiffAugment, float32 (N,).
        updates: How many updates came before.
    """

    judge: Judge
    labels: Tensor
    real: Tensor
    fake: Tensor
    seen_real: Tensor
    on_real: Tensor
    on_fake: Tensor
    updates: int


def chosen_penalties(options: GANOptions, augmented: bool, rng: torch.Generator) -> nn.ModuleList:
    """The penalties that are on. What one remembers is in the list's ``state_dict``.

    Args:
        options: Which, and how strong.
        augmented: Whether DiffAugment is on.
        rng: The only source of randomness; on the CPU.
    """
    penalties = nn.ModuleList()
    if options.r1:
        penalties.append(R1(options.r1, options.r1_every))
    if options.lecam:
        penalties.append(LeCam(options.lecam, options.lecam_decay, options.lecam_start))
    if options.consistency:
        penalties.append(Consistency(options.consistency, augmented, rng))
    return penalties


class R1(nn.Module):
    """A penalty on the discriminator's gradient at real images.

    Mescheder, Geiger, Nowozin: Which Training Methods for GANs do actually Converge?, 2018
    (arXiv:1801.04406): gamma / 2 times the mean of |grad D(x)|^2. Computed at every so many-th
    update and multiplied by that number (lazy regularisation: Karras et al. 2020,
    arXiv:1912.04958), it costs little. There it has updates of its own, with Adam's rates adapted;
    here it is added to the adversarial loss of the update that it falls on.

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
        """A scalar, zero at the updates between."""
        if turn.updates % self.every:
            return turn.on_real.new_zeros(())
        images = turn.seen_real.detach().requires_grad_()
        logits = turn.judge(images, turn.labels, exact=True)
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        squared_norm = gradient.flatten(1).square().sum(1).mean()
        return self.every * self.gamma / 2 * squared_norm


class LeCam(nn.Module):
    """Logits are drawn towards where the other side's have been.

    Tseng, Jiang, Liu, Yang, Yang: Regularizing Generative Adversarial Networks under Limited Data,
    2021 (arXiv:2104.03310): the mean square of D(x) - a_F and of D(G(z)) - a_R, where the anchors
    a_R and a_F are moving averages of the logits on real and on generated images. It acts on
    logits, whatever the loss.

    As in the authors' code, but not in the paper's equation, a logit that lies beyond the other
    side's anchor already is left alone: only the positive parts of D(x) - a_F and a_R - D(G(z)) are
    squared. Their BigGAN lets 1000 updates pass first, of hundreds of thousands; here trainings are
    shorter.

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
        """A scalar; moves the anchors, then measures from them, as the authors do."""
        waiting = turn.updates < max(1, self.start)
        new = 1.0 if waiting else 1 - self.decay
        self.real = torch.lerp(self.real, turn.on_real.detach().mean(), new)
        self.fake = torch.lerp(self.fake, turn.on_fake.detach().mean(), new)
        if waiting:
            return turn.on_real.new_zeros(())
        above = F.relu(turn.on_real - self.fake).square().mean()
        below = F.relu(self.real - turn.on_fake).square().mean()
        return self.weight * (above + below)


class Consistency(nn.Module):
    """An augmentation shall not change what the discriminator says.

    Zhang, Zhang, Odena, Lee: Consistency Regularization for Generative Adversarial Networks, 2020
    (arXiv:1910.12027), on real images; Zhao, Singh, Lee, Zhang, Odena, Zhang: Improved Consistency
    Regularization for GANs, 2021 (arXiv:2002.04724), balanced: on generated images, too, which is
    what is done here. The penalty is the mean square of D(x) - D(T(x)) plus that of
    D(G(z)) - D(T(G(z))), of logits; both papers weigh it with 10. It costs two more passes through
    the discriminator.

    What T is: the DiffAugment policies, where they are on. The adversarial loss then is on T(x),
    and the passes that are added judge x as it is. Under ``ada`` only the images that it augmented
    have a difference. Where DiffAugment is off, T is the papers' shift and mirror image:
    DiffAugment's translation, and a flip from left to right of every other image by chance. The
    adversarial loss is on x, as in the papers.

    Dropout and input noise are drawn anew for each pass, so their part of the difference is
    penalised with the rest.

    Args:
        weight: Of the real and of the generated images' part.
        augmented: Whether what the adversarial loss is on is T(x) already.
        rng: The only source of randomness; on the CPU.
    """

    def __init__(self, weight: float, augmented: bool, rng: torch.Generator) -> None:
        super().__init__()
        self.weight, self.augmented, self.rng = weight, augmented, rng

    def forward(self, turn: Turn) -> Tensor:
        """A scalar."""
        real = turn.judge(self._other(turn.real), turn.labels)
        fake = turn.judge(self._other(turn.fake), turn.labels)
        change = F.mse_loss(turn.on_real, real) + F.mse_loss(turn.on_fake, fake)
        return self.weight * change

    def _other(self, images: Tensor) -> Tensor:
        """The one of x and T(x) that the adversarial loss is not on."""
        if self.augmented:
            return images
        return flip(translation(images, self.rng), self.rng)


def flip(images: Tensor, rng: torch.Generator) -> Tensor:
    """Mirror left and right with a chance of one half, each image of (N, C, H, W) by itself."""
    chosen = torch.rand(len(images), 1, 1, 1, generator=rng) < 0.5
    return torch.where(chosen.to(images.device), images.flip(3), images)
