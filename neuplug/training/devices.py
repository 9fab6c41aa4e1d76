"""Which device to use, and which number format pays on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuplug.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn


def pick_device(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is the first GPU, or the processor.

    Raises:
        InputError: If there is no such device.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {name!r} is not available ({reason}). Try auto or cpu.") from None
    return device


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes bfloat16 faster than float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # on older processors bfloat16 is emulated and slower
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return False


def wants_bf16(module: nn.Module, device: torch.device) -> bool:
    """Whether autocast to bfloat16 pays for this network on this device.

    On a processor it does not for depthwise convolutions (MobileNetV2 trains nearly twice as
    slowly with it), so networks with grouped convolutions stay in float32 there.

    Example:
        >>> depthwise, cpu = torch.nn.Conv2d(8, 8, 3, groups=8), torch.device("cpu")
        >>> with torch.autocast("cpu", torch.bfloat16, enabled=neuplug.wants_bf16(depthwise, cpu)):
        ...     depthwise(torch.zeros(1, 8, 16, 16)).dtype
        torch.float32
    """
    from torch import nn

    if not has_bf16(device):
        return False
    grouped = any(isinstance(m, nn.Conv2d) and m.groups > 1 for m in module.modules())
    return not (grouped and device.type == "cpu")
