"""What is minimised, and the scale between grey levels and the networks' [-1, 1]."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

HALF_RANGE = 127.5


def to_unit(images: Tensor) -> Tensor:
    """uint8 0-255 to float [-1, 1]."""
    return images.float() / HALF_RANGE - 1


def to_grey(images: Tensor) -> Tensor:
    """Float [-1, 1] to float 0-255."""
    return (images + 1) * HALF_RANGE


class Objective(NamedTuple):
    """The loss and what it is made of, means over a batch; scalars.

    Attributes:
        loss: Negative evidence lower bound over pixels and channels, without its constant.
        error: Root mean square of reconstruction minus image, in grey levels.
        divergence: KL divergence of the posterior from the prior, in nats an image.
    """

    loss: Tensor
    error: Tensor
    divergence: Tensor


def variance_of(images: Tensor) -> float:
    """How much images differ from their mean image: mean square over pixels, in [-1, 1] units.

    Args:
        images: uint8 (N, C, H, W). Of many, about 2000 are looked at.

    Returns:
        At least the square of one grey level, so that images that are all the same can be learned.
    """
    some = to_unit(images[:: max(1, len(images) // 2000)])
    return max(float((some - some.mean(0)).square().mean()), HALF_RANGE**-2)


def objective(
    images: Tensor,
    reconstructions: Tensor,
    mean: Tensor,
    log_variance: Tensor,
    beta: float,
    variance: float,
) -> Objective:
    """Negative evidence lower bound, for pixels that are normal about the reconstruction.

    It is divided by the number D of pixels times channels, so that ``beta`` means the same at every
    size: that of the beta-VAE (Higgins et al. 2017, ICLR) is ``beta`` times D.

    Args:
        images: float (N, C, H, W) in [-1, 1].
        reconstructions: Likewise.
        mean: Of the posterior, float (N, L).
        log_variance: Of the posterior, float (N, L).
        beta: Weight of the KL divergence.
        variance: Of a pixel about the reconstruction. With :func:`variance_of` the training images
            ``beta`` means the same for faint and for strong contrasts.
    """
    square = (reconstructions - images).square().mean()
    divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
    loss = square / (2 * variance) + beta * divergence
    return Objective(loss, square.sqrt() * HALF_RANGE, divergence)
