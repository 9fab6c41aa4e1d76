"""Features of real images, kept: every arm and every later run compares with the same ones."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from neuplug.cache import cache_dir
from neuplug.tensorfile import load_tree, save_tree


def stored(key: str, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """What is kept under ``key``, or what ``make`` returns, which is then kept.

    Args:
        key: A name for all that the features depend on; as a file name.
        make: Layer to float32 (N, F).
    """
    path = cache_dir() / "features" / f"{key}.safetensors"
    found = _read(path)
    if found is None:
        found = make()
        with contextlib.suppress(OSError):  # a full or locked disk costs time, not the result
            save_tree({"features": found, "sha256": _digest(found)}, path)
    return found


def _read(path: Path) -> dict[str, Tensor] | None:
    if not path.is_file():
        return None
    try:
        tree = load_tree(path)
        features: dict[str, Tensor] = tree["features"]
        return features if tree["sha256"] == _digest(features) else None
    except Exception:  # whatever has become of the file, it can be made again
        return None


def _digest(features: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for layer, values in sorted(features.items()):
        digest.update(f"{layer} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()
