"""What makes numbers the same again: seeds for every random act, and the number of threads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *role: str | int) -> int:
    """Return a 63-bit seed that depends on the run's seed and on every part of the role.

    Args:
        seed: The run's seed.
        role: What the randomness is for, for example ``("fit", "dcgan", "crazing", 2)``.

    Example:
        >>> neuplug.derive_seed(0, "fit", "dcgan", "crazing")
        7471702031238459143
        >>> neuplug.derive_seed(0, "fit", "dcgan", "patches")
        4280170400867359811
    """
    text = "\x1f".join([str(seed), *map(str, role)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Within, torch's own random state comes from ``seed``; the caller's is restored after.

    For what torch draws without being handed a generator: initial weights and dropout.

    Example:
        >>> weights = []
        >>> for _ in range(2):
        ...     with neuplug.seeded(7, torch.device("cpu")):
        ...         weights.append(torch.nn.Linear(3, 2).weight)
        >>> torch.equal(*weights)
        True
    """
    import torch

    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Within, torch computes with one thread where the processor is the device.

    How many threads share a sum decides its last digits, so that a result would otherwise depend
    on how many processes share the machine.
    """
    import torch

    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
