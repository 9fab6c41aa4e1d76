"""What the tests of trainings share: where they happen, and how they are interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from neuplug import Checkpoint, FitContext, TrainingSet
from neuplug.storage.tensorfile import tree_bytes, tree_from
from neuplug_gan.component import AdversarialGenerator

CPU = torch.device("cpu")


class Memory(Checkpoint):
    """Keeps the last tree in a file, as the core does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.step = 0

    def save(self, tree: Mapping[str, Any]) -> None:
        self.step = tree["step"]
        self.path.write_bytes(tree_bytes(tree))

    def load(self) -> dict[str, Any] | None:
        return tree_from(self.path.read_bytes()) if self.path.exists() else None


def context(**changes: Any) -> FitContext:
    return FitContext(**{"device": CPU, "seed": 3, "name": "tiny for bar", **changes})


class _Killed(Exception):
    pass


def fit_until(step: int, gan: AdversarialGenerator, train: TrainingSet, memory: Memory) -> None:
    """Fit, and be killed once so many steps are done."""

    def kill_late(done: int, total: int, note: str = "") -> None:
        if done >= step:
            raise _Killed

    with pytest.raises(_Killed):
        gan.fit(train, context(checkpoint=memory, progress=kill_late))


def assert_same_networks(one: AdversarialGenerator, other: AdversarialGenerator) -> None:
    """Of every checkpoint, bit for bit."""
    for ours, theirs in zip(one.state_dict()["kept"], other.state_dict()["kept"], strict=True):
        for name, value in ours["network"].items():
            assert torch.equal(value, theirs["network"][name]), name
