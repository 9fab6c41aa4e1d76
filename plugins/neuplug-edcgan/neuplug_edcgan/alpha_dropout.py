"""Alpha-dropout for ELU: dropping units without moving mean and variance.

EDCGAN (Sensors 2023, 23, 1953, doi:10.3390/s23041953; section 3.2) adapts alpha-dropout (Klambauer
et al. 2017, arXiv:1706.02515), which was made for SELU. :class:`torch.nn.AlphaDropout` fixes the
value of a dropped unit to SELU's saturation, -1.758; here it is free.

A unit x of mean mu and variance nu is kept with probability q (d = 1) or set to the value s
(d = 0; the paper's sigma). The paper states, rightly,

    E(x d + s (1 - d))   = q mu + (1 - q) s                    (6)
    Var(x d + s (1 - d)) = q ((1 - q) (s - mu)^2 + nu)         (7)

and asks for an affine map that brings back both moments,

    E(a (x d + s (1 - d)) + b) = mu,  Var(a (x d + s (1 - d)) + b) = nu,     (8)

without solving for a and b. Solving: the variance is multiplied by a^2, hence from (7) and (8)

    a = sqrt(nu / (q ((1 - q) (s - mu)^2 + nu))),  b = mu - a (q mu + (1 - q) s).

These depend on mu and nu, which no layer knows without measuring its batch (that would be batch
normalisation again). As in Klambauer et al. they are taken to be 0 and 1, so that

    a = (q + q (1 - q) s^2)^(-1/2),  b = -a (1 - q) s.

Hence mean and variance are kept exactly for inputs of zero mean and unit variance, and only for
those: from (6) and (7) any others leave with mean a q mu and variance a^2 q ((1 - q) (s - mu)^2
+ nu).

Where the paper contradicts itself, (6) and (7) are followed: they hold if q is the probability to
keep a unit, which the text beside (9) calls 1 - q; and (9) itself multiplies by d alone, which
would be ordinary dropout. The paper calls four things alpha: the slope of ELU, its limit, the
dropped value and the factor a.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# The paper's lambda
SCALE = 0.5


def affine(p: float, value: float) -> tuple[float, float]:
    """The map ``a * x + b`` of equation 8 for zero mean and unit variance.

    >>> affine(0.0, -0.5)
    (1.0, 0.0)
    >>> a, b = affine(0.5, -0.5)
    >>> round(a, 4), round(b, 4)
    (1.3333, 0.3333)

    Args:
        p: Probability that a unit is dropped, 0 to below 1.
        value: What a dropped unit is set to.

    Returns:
        a and b.
    """
    q = 1 - p
    a = float((q + q * p * value**2) ** -0.5)
    return a, -a * p * value + 0.0  # adding zero turns -0.0 into 0.0


class ELUAlphaDropout(nn.Module):
    """Sets units to ``-scale * alpha``, then keeps zero mean and unit variance by an affine map.

    Each element is drawn alone, from torch's current random state. In eval mode, and at
    probability 0, it is the identity.

    The dropped value is the limit of ``scale * ELU``; the paper's ELU (equation 5) has no such
    factor and itself ends at ``-alpha``, twice as far from zero.

    Args:
        p: Probability that a unit is dropped, 0 to below 1.
        alpha: Of the ELU before it.
        scale: The paper's lambda.

    Raises:
        ValueError: If ``p`` is out of range.
    """

    def __init__(self, p: float, alpha: float = 1.0, scale: float = SCALE) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"the probability to drop must be from 0 to below 1, not {p}")
        self.p = p
        self.value = -scale * alpha
        self.a, self.b = affine(p, self.value)

    def forward(self, x: Tensor) -> Tensor:
        """Float of any shape to the same shape and dtype."""
        if not self.training or self.p == 0:
            return x
        # drawn as bool: uniform numbers in bfloat16 are too coarse to compare with p
        dropped = torch.empty_like(x, dtype=torch.bool).bernoulli_(self.p)
        return x.masked_fill(dropped, self.value).mul_(self.a).add_(self.b)

    def extra_repr(self) -> str:
        """Shown by ``print``."""
        return f"p={self.p}, value={self.value}"
