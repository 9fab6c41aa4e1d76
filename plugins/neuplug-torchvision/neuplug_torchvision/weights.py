"""Weights from a file: finding them, and fitting them to a network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from neuplug import InputError, NeuplugError
from neuplug_torchvision.matching import by_shape
from neuplug_torchvision.options import PretrainedOptions
from neuplug_torchvision.reading import load_weights

SOURCE = "https://download.pytorch.org/models/"  # of all of torchvision's classifiers


def hub_file(name: str) -> Path:
    """Where torchvision keeps its file ``name``, there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / name


def given_weights(options: PretrainedOptions) -> tuple[Path, dict[str, Tensor]]:
    """The weights that options name, and the file that they are from. No code in it runs.

    Raises:
        InputError: If it is not there, is not what its name says, or holds anything else.
        NeuplugError: If it could not be fetched.
    """
    if isinstance(options.weights, Path):
        file = options.weights.expanduser()
        return file, load_weights(file)
    file = hub_file(options.published())
    # <network>-<hash>.pth: the name ends with how the SHA-256 begins
    wanted = file.stem.rpartition("-")[2]
    if options.download and not file.is_file():
        _fetch(file, wanted, options.component)
    return file, load_weights(file, wanted)


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


def fitting(network: nn.Module, options: PretrainedOptions, head: str) -> dict[str, Tensor]:
    """The weights that options name; without the head where the file's is of another shape.

    Args:
        network: What they must fit; left as it is, so that it may be on the meta device.
        options: Of the component.
        head: How the names of the head's weights begin.

    Raises:
        InputError: If the weights cannot be read or belong to another network.
        NeuplugError: If they could not be fetched.
    """
    file, weights = given_weights(options)
    variant = options.variant
    own = network.state_dict()
    if options.weights_by == "shape":
        weights = by_shape(file, weights, own, head, variant)
    own_head = {name for name in own if name.startswith(head)}
    if any(name not in weights or weights[name].shape != own[name].shape for name in own_head):
        weights = {name: tensor for name, tensor in weights.items() if not name.startswith(head)}
        own = {name: tensor for name, tensor in own.items() if name not in own_head}
    for name, tensor in own.items():
        if name.endswith("num_batches_tracked"):  # a counter that old files lack
            continue
        if name not in weights:
            hint = " If it names the same weights differently, try weights_by=shape."
            raise InputError(
                f"{file} belongs to another network than {variant}: {name} is missing."
                f"{hint if isinstance(options.weights, Path) else ''}"
            )
        if weights[name].shape != tensor.shape:
            raise InputError(
                f"{file} does not fit {variant}: {name} has the shape "
                f"{tuple(weights[name].shape)} in the file and {tuple(tensor.shape)} in the "
                "network."
            )
    if foreign := sorted(set(weights) - set(own)):
        raise InputError(f"{file} belongs to another network than {variant}: it has {foreign[0]}.")
    return weights
