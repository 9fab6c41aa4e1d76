"""The store: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from neuplug.storage.store import Store, hash_of


def test_work_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.write("ab12") as folder:
        (folder / "half").write_text("x")
        raise RuntimeError
    assert not store.has("ab12")
    with store.write("ab12") as folder:
        (folder / "whole").write_text("x")
        assert not store.has("ab12")
    assert (store.path("ab12") / "whole").read_text() == "x"
    assert [f.name for f in (tmp_path / "done" / "ab").iterdir()] == ["ab12"]


def test_the_second_of_two_at_once_does_no_harm(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write("ab12") as slow:
        (slow / "by").write_text("slow")
        with store.write("ab12") as quick:
            (quick / "by").write_text("quick")
    assert (store.path("ab12") / "by").read_text() == "quick"


def test_checkpoints_last_until_the_work_is_done(tmp_path: Path) -> None:
    store = Store(tmp_path)
    checkpoint = store.checkpoint("ab12")
    assert checkpoint.load() is None
    checkpoint.save({"step": 3, "x": torch.ones(2)})
    checkpoint.save({"step": 4, "x": torch.ones(2)})
    kept = store.checkpoint("ab12").load()
    assert kept is not None and kept["step"] == 4
    with store.write("ab12"):
        pass
    assert checkpoint.load() is None


def test_a_broken_checkpoint_counts_as_none(tmp_path: Path) -> None:
    checkpoint = Store(tmp_path).checkpoint("ab12")
    checkpoint.save({"step": 3})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:20])
    assert checkpoint.load() is None


def test_keys_depend_on_content_not_on_order() -> None:
    assert hash_of({"a": 1, "b": [1, 2]}) == hash_of({"b": [1, 2], "a": 1})
    assert hash_of({"a": 1}) != hash_of({"a": 2})
    assert hash_of([1, 2]) != hash_of([2, 1])
