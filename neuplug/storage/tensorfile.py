"""Trees of tensors, numbers and strings in one safetensors file, never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

_TREE = "neuplug.tree"
_LENGTH = 8  # bytes of a safetensors file that say how long its header is


def tree_bytes(tree: Any) -> bytes:
    """The content of a file that holds a tree.

    Args:
        tree: Dicts, lists, tuples, tensors, numbers, strings, booleans and ``None``.

    Raises:
        TypeError: If the tree holds anything else.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = json.dumps(_encode(tree, tensors))
    content: bytes = save(tensors, metadata={_TREE: skeleton})
    return content


def tree_from(content: bytes) -> Any:
    """The tree of :func:`tree_bytes`; tensors come back bit for bit, on the CPU.

    Their numbers lie in memory in the order in which they lay before, such as channels last: fused
    optimisers read a weight and its moments side by side.
    """
    length = int.from_bytes(content[:_LENGTH], "little")
    header = json.loads(content[_LENGTH : _LENGTH + length])
    return _decode(json.loads(header["__metadata__"][_TREE]), load(content))


def _encode(node: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(node, Tensor):
        name, kept = str(len(tensors)), node.detach()
        order = sorted(range(kept.dim()), key=lambda place: -kept.stride()[place])
        if not kept.is_contiguous() and kept.permute(order).is_contiguous():
            tensors[name] = kept.permute(order).clone()
            return {"tensor": name, "order": order}
        tensors[name] = kept.contiguous().clone()
        return {"tensor": name}
    if isinstance(node, Mapping):
        # as pairs: an optimiser's state has whole numbers as keys
        return {"pairs": [[_encode(k, tensors), _encode(v, tensors)] for k, v in node.items()]}
    if isinstance(node, tuple):
        return {"tuple": [_encode(item, tensors) for item in node]}
    if isinstance(node, list):
        return [_encode(item, tensors) for item in node]
    if node is None or isinstance(node, str | bool | int | float):
        return node
    raise TypeError(f"cannot store a {type(node).__name__} in a tensor file")


def _decode(node: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(node, list):
        return [_decode(item, tensors) for item in node]
    if not isinstance(node, dict):
        return node
    if "tensor" in node:
        order = node.get("order", ())
        tensor = tensors[node["tensor"]]
        return tensor.permute([order.index(i) for i in range(len(order))]) if order else tensor
    if "tuple" in node:
        return tuple(_decode(item, tensors) for item in node["tuple"])
    return {_decode(k, tensors): _decode(v, tensors) for k, v in node["pairs"]}
