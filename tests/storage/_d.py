"""What is stored is believed only if it is what was written."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from neuplug.storage.store import MissingResult, Store

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


@pytest.mark.parametrize("name", ["numbers", "figures/a.png", "seal.json"])
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
