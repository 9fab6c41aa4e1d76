"""Weights files and folders that would run code, or hold no weights, are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from neuplug_tests.planted import PLANTED, older_pickle, pickled, script

from neuplug import InputError
from neuplug_torchvision.reading import load_weights


def test_the_planted_files_are_armed(tmp_path: Path) -> None:
    """Read without care, they do what the tests look for."""
    mark = tmp_path / "mark"
    script(tmp_path / "script.pt", mark)
    torch.jit.load(str(tmp_path / "script.pt"))
    assert mark.read_text() == "AAAA"
    mark.unlink()
    for plant in (pickled, older_pickle):
        plant(tmp_path / "pickled.pth", mark)
        torch.load(tmp_path / "pickled.pth", weights_only=False)
        mark.rmdir()


@pytest.mark.parametrize("name", [name for name in PLANTED if name != "shapes.safetensors"])
def test_what_is_in_a_planted_file_never_runs(name: str, tmp_path: Path) -> None:
    """But for the shapes, which only a network can tell to be wrong."""
    mark = tmp_path / "mark"
    PLANTED[name](tmp_path / name, mark)
    with pytest.raises(InputError) as raised:
        load_weights(tmp_path / name)
    assert str(tmp_path / name) in str(raised.value)
    assert "weights_only" not in str(raised.value) and "\n" not in str(raised.value)
    assert not mark.exists()


@pytest.mark.parametrize("plant", [script, pickled])
def test_a_file_of_another_hash_is_not_read(
    plant: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    plant(tmp_path / "net.pth", tmp_path / "mark")
    with pytest.raises(InputError, match=r"net.pth is damaged: its SHA-256 begins with"):
        load_weights(tmp_path / "net.pth", sha256="f37072fd")
    assert not (tmp_path / "mark").exists()
