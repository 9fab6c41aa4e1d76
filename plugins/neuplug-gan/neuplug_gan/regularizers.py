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
# (N, C, H, W), and labels to logits, float32 (N,)
Judge: TypeAlias = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Turn:
    """One update of the discriminator, as its penalties see it.

    Attributes:
        judge: The discriminator.
        labels: int64 (N,), of the real and of the generated images alike.
        real: Real images in [-1, 1], float32 (N, C, H, W).
        fake: Generated images likewise, without a gradient.
        on_real: Logits on ``real`` after DiffAugment, float32 (N,).
        on_fake: Logits on ``fake`` after DiffAugment, float32 (N,).
    """

    judge: Judge
    labels: Tensor
    real: Tensor
    fake: Tensor
    on_real: Tensor
    on_fake: Tensor


def chosen_penalties(options: GANOptions, augmented: bool, rng: torch.Generator) -> nn.ModuleList:
    """The penalties that are on.

    Args:
        options: Which, and how strong.
        augmented: Whether DiffAugment is on.
        rng: The only source of randomness; on the CPU.
    """
    penalties = nn.ModuleList()
    if options.consistency:
        penalties.append(Consistency(options.consistency, augmented, rng))
    return penalties


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
