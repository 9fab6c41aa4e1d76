"""Weights files of others, read as plain tensors, so that no code in them runs."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug import InputError


def load_weights(file: str | Path, sha256: str = "") -> dict[str, Tensor]:
    """Read the tensors in a weights file; no code in it runs.

    A TorchScript archive and a pickle of anything but tensors are refused, since both can hold
    code.

    Args:
        file: A ``.safetensors`` file, or one to which ``torch.save`` wrote a state_dict, by itself
            or under ``state_dict`` or ``model``.
        sha256: The hash that the file must have, or its first digits. It is compared before
            anything in the file is read.

    Returns:
        Name to tensor, on the CPU, of any dtype.

    Raises:
        InputError: If there is no such file, it has another hash, or it holds anything else.

    Example:
        >>> torch.save({"fc.weight": torch.ones(2, 3)}, "mine.pth")
        >>> load_weights("mine.pth")["fc.weight"].shape
        torch.Size([2, 3])
    """
    file = Path(file).expanduser()
    if not file.is_file():
        raise InputError(f"there is no weights file {file}: correct the path.")
    try:
        if sha256:
            _compare(file, sha256)
        content = _content(file)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}.") from None
    except Exception:  # a reader's reason, such as torch's, may advise to run what is in the file
        raise InputError(
            f"{file} cannot be read as weights: it is damaged, or holds more than tensors (code in "
            "a file is never run, so TorchScript and pickled models are not read). Give a "
            ".safetensors file, or a .pth file of a state_dict."
        ) from None
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not (isinstance(content, Mapping) and content and all(map(_is_plain, content.items()))):
        raise InputError(f"{file} holds no state_dict: save model.state_dict(), not the model.")
    return dict(content)


def _compare(file: Path, sha256: str) -> None:
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if not found.startswith(sha256):
        raise InputError(
            f"{file} is damaged: its SHA-256 begins with {found[: len(sha256)]} instead of "
            f"{sha256}. Delete it, and put the right file there."
        )


def _content(file: Path) -> Any:
    if file.suffix.lower() == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, on formats that it refuses afterwards
        return torch.load(file, map_location="cpu", weights_only=True)


def _is_plain(item: tuple[Any, Any]) -> bool:
    """Whether it is a name and a tensor with a number for each place."""
    name, value = item
    return (
        isinstance(name, str)
        and isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
    )
