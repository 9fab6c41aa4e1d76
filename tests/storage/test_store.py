"""The store: whole or not at all, and believed only if it is what was written."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from neuplug.storage.store import MissingResult, Store, hash_of


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


# Damage -----------------------------------------------------------------------------------------

KEY, OTHER = "ab12", "ab34"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for key in (KEY, OTHER):
        with store.write(key) as folder:
            (folder / "numbers").write_bytes(random.Random(key).randbytes(500))
            (folder / "figures").mkdir()
            (folder / "figures" / "a.png").write_bytes(b"picture of " + key.encode())
    return store


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def become_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES = [flip, truncate, become_a_folder, Path.unlink, lambda file: file.write_bytes(b"")]


@pytest.mark.parametrize("name", ["numbers", "figures/a.png", "seal"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_set_aside(
    store: Store, name: str, damage: Callable[[Path], None]
) -> None:
    damage(store.path(KEY) / name)
    with pytest.raises(MissingResult, match=KEY):
        store.read(KEY, name)
    assert not store.has(KEY) and store.has(OTHER)
    (kept,) = (store.path(KEY).parent / ".damaged").iterdir()
    assert kept.name.startswith(KEY)
    with store.write(KEY) as folder:  # there is room for it again
        (folder / "numbers").write_text("1")
    assert store.read(KEY, "numbers") == b"1"


def test_another_results_folder_is_not_taken_for_it(store: Store) -> None:
    shutil.rmtree(store.path(KEY))
    shutil.copytree(store.path(OTHER), store.path(KEY))
    assert not store.has(KEY)


@pytest.mark.parametrize("in_its_place", [Path.touch, Path.mkdir])
def test_something_else_in_its_place(store: Store, in_its_place: Callable[[Path], None]) -> None:
    shutil.rmtree(store.path(KEY))
    in_its_place(store.path(KEY))
    assert not store.has(KEY)


def test_an_unknown_file_in_a_result_is_noticed(store: Store) -> None:
    (store.path(KEY) / "figures" / "b.png").write_text("foreign")
    assert not store.has(KEY)
