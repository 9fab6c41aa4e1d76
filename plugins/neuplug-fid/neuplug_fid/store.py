"""Features of real images, kept: every arm and every later run compares with the same ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from torch import Tensor

from neuplug.errors import StorageError
from neuplug.storage.atomic import read_checked, write_checked
from neuplug.storage.cache import cache_dir
from neuplug.storage.tensorfile import tree_bytes, tree_from


def stored(key: str, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """What is kept under ``key``, or what ``make`` returns, which is then kept.

    Args:
        key: A name for all that the features depend on; as a file name.
        make: Layer to float32 (N, F).
    """
    path = cache_dir() / "features" / key
    if (content := read_checked(path)) is not None:
        features: dict[str, Tensor] = tree_from(content)
        return features
    made = make()
    with contextlib.suppress(StorageError):  # a full or locked disk costs time, not the result
        write_checked(path, tree_bytes(made))
    return made
