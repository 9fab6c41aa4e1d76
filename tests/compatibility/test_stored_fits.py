"""A fit that another neuplug has stored serves as one of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuplug.storage.tensorfile import load_tree, save_tree

from .conftest import Ask, Install


def test_a_stored_fit_of_another_version_serves(
    install: Install, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("veteran")
    first = ask(aug=["acme-echo@add=4"], name="first")
    cache = Path(os.environ["NEUPLUG_CACHE"])
    records = list(cache.glob("store/done/*/*/record.safetensors"))
    assert len(records) == 4  # two classes, two repeats
    for file in records:
        tree = load_tree(file)
        for younger in ("units", "epoch_steps", "checkpoints"):
            del tree[younger]
        save_tree({**tree, "of_the_future": {"gradients": 1}}, file)
    again = ask(aug=["acme-echo@add=4"], name="again", repeats=2, seed=0, eval=["acme-grey"])
    for old, new in zip(first.results.generators, again.results.generators, strict=True):
        assert new == old  # seconds among it: nothing was fitted anew
    assert (again.folder / "samples").is_dir()
