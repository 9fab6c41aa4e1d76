"""Consistency: an augmentation shall not change what the discriminator says.

Zhang, Zhang, Odena, Lee: Consistency Regularization for Generative Adversarial Networks, 2020
(arXiv:1910.12027), on real images; Zhao, Singh, Lee, Zhang, Odena, Zhang: Improved Consistency
Regularization for GANs, 2021 (arXiv:2002.04724), balanced: on generated images, too, which is what
is done here. The penalty is the mean square of D(x) - D(T(x)) plus that of D(G(z)) - D(T(G(z))),
of logits; both papers weigh it with 10. It costs two more passes through the discriminator.

What T is: the DiffAugment policies, where they are on. The adversarial loss then is on T(x), and
the passes that are added judge x as it is. Under ``ada`` only the images that it augmented have a
difference. Where DiffAugment is off, T is the papers' shift and mirror image: DiffAugment's
translation, and a flip from left to right of every other image by chance. The adversarial loss is
on x, as in the papers.

Dropout and input noise are drawn anew for each pass, so their part of the difference is penalised
with the rest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuplug_gan.diffaugment import translation
from neuplug_gan.regularizers.turn import Turn


class Consistency(nn.Module):
    """The penalty on real and on generated images.

    Args:
        weight: Of both.
        augmented: Whether what the adversarial loss is on is T(x) already.
        rng: The only source of randomness; on the CPU.
    """

    def __init__(self, weight: float, augmented: bool, rng: torch.Generator) -> None:
        super().__init__()
        self.weight, self.augmented, self.rng = weight, augmented, rng

    def forward(self, turn: Turn) -> Tensor:
        """A scalar, float32."""
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
