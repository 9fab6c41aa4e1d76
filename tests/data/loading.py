"""What tests of loaded sets ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from neuplug import InputError
from neuplug.data.dataset import Dataset, load_dataset
from neuplug.storage.store import cache_dir


def cached() -> list[Path]:
    """The sets in the cache."""
    return sorted(p for p in (cache_dir() / "data").glob("done/*/*") if not p.name.startswith("."))


def refusal(*arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_dataset(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def same(first: Dataset, second: Dataset) -> bool:
    return (
        torch.equal(first.images.images, second.images.images)
        and torch.equal(first.images.labels, second.images.labels)
        and (first.images.classes, first.images.ids) == (second.images.classes, second.images.ids)
        and (first.splits, first.groups, first.key) == (second.splits, second.groups, second.key)
        and first.report == second.report
    )
