"""Weights from a file: finding, checking, reading, and fitting them to a network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuplug import InputError, NeuplugError

SOURCE = "https://download.pytorch.org/models/"  # of all of torchvision's classifiers


def hub_file(name: str) -> Path:
    """Where torchvision keeps its file ``name``, there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / name


def imagenet_file(name: str, download: bool, component: str) -> Path:
    """The file of torchvision's ImageNet weights, checked.

    Args:
        name: The file's name, ``<network>-<hash>.pth``: it ends with how its SHA-256 begins.
        download: Whether it may be fetched if it is not there.
        component: The component's name, for messages.

    Raises:
        InputError: If it is not what its name says.
        NeuplugError: If it could not be fetched.
    """
    file = hub_file(name)
    wanted = name.removesuffix(".pth").rpartition("-")[2]
    if download and not file.is_file():
        _fetch(file, wanted, component)
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if not found.startswith(wanted):
        raise InputError(
            f"{file} is damaged: its SHA-256 begins with {found[: len(wanted)]} instead of "
            f"{wanted}. Delete it and put the right file there, or add download=true."
        )
    return file


def _fetch(file: Path, wanted: str, component: str) -> None:
    url = SOURCE + file.name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # writes aside, checks the hash, then renames
        torch.hub.download_url_to_file(url, str(file), wanted)
    except (OSError, RuntimeError) as error:
        raise NeuplugError(
            f"{url} could not be fetched ({error}). Put the file at {file}, or name yours with "
            f"{component}.weights=PATH."
        ) from error


def read(file: Path) -> dict[str, Tensor]:
    """The tensors in a ``.safetensors`` file, or in one that ``torch.save`` wrote.

    Nothing in the file is executed. Weights under ``state_dict`` or ``model`` are found too.

    Raises:
        InputError: If it is no such file.
    """
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever is in the file, it is the user's
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{file} cannot be read as weights ({reason[0] if reason else type(error).__name__}). "
            "Give a .safetensors file, or a .pth file of a state_dict."
        ) from None
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not (isinstance(content, Mapping) and all(isinstance(v, Tensor) for v in content.values())):
        raise InputError(f"{file} holds no state_dict: save model.state_dict(), not the model.")
    return dict(content)


def adopt(
    network: nn.Module, weights: Mapping[str, Tensor], file: Path, head: str, variant: str
) -> None:
    """Load weights into a network; the head stays as it is where the file's is of another shape.

    Args:
        network: Changed in place.
        weights: From :func:`read`.
        file: Where they are from, for messages.
        head: How the names of the head's weights begin.
        variant: What the network is, for messages.

    Raises:
        InputError: If the weights belong to another network.
    """
    own = network.state_dict()
    own_head = {name for name in own if name.startswith(head)}
    if any(name not in weights or weights[name].shape != own[name].shape for name in own_head):
        weights = {name: tensor for name, tensor in weights.items() if not name.startswith(head)}
        own = {name: tensor for name, tensor in own.items() if name not in own_head}
    for name, tensor in own.items():
        if name.endswith("num_batches_tracked"):  # a counter that old files lack
            continue
        if name not in weights:
            raise InputError(f"{file} is of another network than {variant}: {name} is missing.")
        if weights[name].shape != tensor.shape:
            raise InputError(
                f"{file} does not fit {variant}: {name} has the shape "
                f"{tuple(weights[name].shape)} in the file and {tuple(tensor.shape)} in the "
                "network."
            )
    if foreign := sorted(set(weights) - set(own)):
        raise InputError(f"{file} is of another network than {variant}: it has {foreign[0]}.")
    network.load_state_dict(weights, strict=False)
