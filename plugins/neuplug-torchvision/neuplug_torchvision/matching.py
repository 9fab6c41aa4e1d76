"""Weights under other names, matched with a network's by the sequence of their shapes.

Shapes alone cannot tell two layers of the same shape apart, so names count as far as those of two
implementations of one network agree: what a tensor is within its layer (``weight``,
``running_var``), which tensors are of one layer, and the numbers of layers, which go up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from neuplug import InputError

COUNTER = "num_batches_tracked"  # of batch normalisation, which old files lack


def by_shape(
    file: Path, weights: Mapping[str, Tensor], own: Mapping[str, Tensor], head: str, variant: str
) -> dict[str, Tensor]:
    """The weights of a file under a network's names, each at its place in the sequence.

    Args:
        file: Where they are from; a ``.safetensors`` file has them in the order of their names.
        weights: In the order of the network that they were saved from.
        own: The network's, likewise; of any device.
        head: How the names of the head's weights begin, which a file may lack.
        variant: The network, for messages.

    Returns:
        Without the counters of batch normalisation; the head's, where the file has one, may be of
        another shape.

    Raises:
        InputError: If the file keeps no order or has the network's own names, or if number, shapes,
            kinds or order of its tensors are not those of the network.
    """
    doubt = f"{file} does not fit {variant} by shape"
    if file.suffix.lower() == ".safetensors":
        raise InputError(f"{doubt}: a .safetensors file keeps no order. Give a .pth file.")
    mine = [name for name in own if not name.endswith(COUNTER)]
    body = [name for name in mine if not name.startswith(head)]
    theirs = [name for name in weights if not name.endswith(COUNTER)]
    if set(body) <= set(theirs):
        raise InputError(f"{file} has the names of {variant}: leave weights_by=shape out.")
    if len(theirs) not in (len(mine), len(body)):
        raise InputError(
            f"{doubt}: it has {len(theirs)} tensors, and the network has {len(mine)}, or "
            f"{len(body)} without its head."
        )
    matched = dict(zip(theirs, mine if len(theirs) == len(mine) else body, strict=True))
    for name, place in matched.items():
        shape, wanted = tuple(weights[name].shape), tuple(own[place].shape)
        if shape != wanted and not place.startswith(head):
            raise InputError(
                f"{doubt}: {name} has the shape {shape} where the network has {place} of {wanted}."
            )
    if odd := _disordered(matched):
        raise InputError(
            f"{doubt}: {odd[0]} is where the network has {odd[1]}, though its name says otherwise, "
            "so its layers are in another order or of other kinds. Give a file of the same network."
        )
    return {place: weights[name] for name, place in matched.items()}


def _disordered(matched: Mapping[str, str]) -> tuple[str, str] | None:
    """The first two names that cannot be of the same tensor, given all before them."""
    layers: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name, place in matched.items():
        (layer, _, kind), (my_layer, _, my_kind) = name.rpartition("."), place.rpartition(".")
        another = layer not in layers and my_layer in layers.values()
        if kind != my_kind or another or layers.setdefault(layer, my_layer) != my_layer:
            return name, place
        if not _ascend(layer.split("."), numbers):
            return name, place
    return None


def _ascend(parts: Iterable[str], numbers: dict[str, int]) -> bool:
    """Whether ``layer.2`` comes after ``layer.1``, by the numbers that were there before."""
    above = ""
    for part in parts:
        word, number = re.fullmatch(r"(.*?)(\d*)", part, re.DOTALL | re.ASCII).groups()  # type: ignore[union-attr]
        if number:
            last = numbers.get(f"{above}.{word}", 0)
            if int(number) < last:
                return False
            numbers[f"{above}.{word}"] = int(number)
        above += f".{part}"
    return True
