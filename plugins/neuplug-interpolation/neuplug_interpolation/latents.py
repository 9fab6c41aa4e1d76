"""Paths through a latent space, and the way back into it from an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR

from neuplug import eager

# Latents, float32 (N, D), to images, float32 (N, C, H, W) in grey levels, with gradients
Decode = Callable[[Tensor], Tensor]

# Random latents, of which those nearest to an image are where its search begins
CANDIDATES = 256

# Of Adam, falling to zero along a cosine: a latent's numbers are about one
LEARNING_RATE = 0.2

# Cells on a side of the coarse picture, which leads where fine texture gives no direction
COARSE = 8

# Sine of an angle, below which the arc is as good as the chord
PARALLEL = 1e-4


def slerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Latents on the great arc from ``start`` to ``end``, both included.

    A straight line between two normal vectors passes near the origin, where a generator was never
    trained. White: Sampling Generative Networks, 2016 (arXiv:1609.04468).

    Args:
        start: (D,).
        end: (D,).
        steps: How many, at least 2.

    Returns:
        (steps, D), evenly spaced in angle.
    """
    share = torch.linspace(0, 1, steps, device=start.device)[:, None]
    cosine = F.cosine_similarity(start, end, dim=0).clamp(-1, 1)
    angle, sine = torch.acos(cosine), torch.sin(torch.acos(cosine))
    if sine < PARALLEL:
        return (1 - share) * start + share * end
    return (torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end) / sine


@dataclass(frozen=True)
class Found:
    """What a generator can make of given images.

    Attributes:
        latents: float32 (N, D).
        errors: float32 (N,), on the CPU: root mean square difference in grey levels.
    """

    latents: Tensor
    errors: Tensor


def find_latents(
    decode: Decode, images: Tensor, candidates: Tensor, steps: int, restarts: int
) -> Found:
    """Find the latents whose images are nearest to the given ones, by Adam through ``decode``.

    Args:
        decode: The generator, to which nothing happens: no gradient stays in its weights.
        images: uint8 (N, C, H, W).
        candidates: float32 (M, D), drawn from a standard normal, on the device to work on.
        steps: Of Adam.
        restarts: From how many of the candidates each search begins; the best end counts.
    """
    targets = images.to(candidates.device).float()
    latents = _nearest(decode, targets, candidates, restarts).flatten(0, 1).requires_grad_()
    wanted = targets.repeat_interleave(restarts, 0)
    optimizer = eager(torch.optim.Adam)([latents], lr=LEARNING_RATE)
    schedule = CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        loss = _distance(decode(latents), wanted).sum()  # a sum: each search goes its own way
        (latents.grad,) = torch.autograd.grad(loss, [latents])
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            latents.mul_(_pull(latents))
    with torch.no_grad():
        errors = (decode(latents) - wanted).square().mean((1, 2, 3)).sqrt()
    best = errors.view(len(targets), restarts).min(1)
    every = latents.detach().view(len(targets), restarts, -1)
    return Found(every[torch.arange(len(targets)), best.indices], best.values.cpu())


@torch.no_grad()
def _nearest(decode: Decode, targets: Tensor, candidates: Tensor, restarts: int) -> Tensor:
    """For each target the candidates with the least distance: (N, restarts, D)."""
    drawn = torch.cat([decode(part) for part in candidates.split(32)])
    distances = torch.stack([_distance(drawn, target[None]) for target in targets])
    return candidates[distances.topk(restarts, largest=False).indices]


def _distance(images: Tensor, targets: Tensor) -> Tensor:
    """Mean square difference of the pixels and of the coarse pictures: (N,)."""
    difference = images - targets
    height, width = difference.shape[2:]
    coarse = F.adaptive_avg_pool2d(difference, (min(COARSE, height), min(COARSE, width)))
    return difference.square().mean((1, 2, 3)) + coarse.square().mean((1, 2, 3))


def _pull(latents: Tensor) -> Tensor:
    """The factor that brings a latent's length back to what a normal vector has: (N, 1).

    In D dimensions that is the square root of D with a standard deviation of about the root of a
    half; within three of these every length is as good, so a latent that explains an image stays.
    """
    usual, spread = math.sqrt(latents.shape[1]), 3 * math.sqrt(0.5)
    length: Tensor = latents.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return length.clamp(usual - spread, usual + spread) / length
