"""Trees of tensors survive a file bit for bit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from neuplug.storage.store import StoredCheckpoint
from neuplug.storage.tensorfile import tree_bytes, tree_from


def test_an_optimiser_state_comes_back() -> None:
    model = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, betas=(0.5, 0.9))
    model(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    tree = {
        "optimizer": optimizer.state_dict(),
        "rng": torch.get_rng_state(),
        "grids": [(5, torch.arange(6, dtype=torch.uint8).reshape(2, 3))],
        "inf": math.inf,
        "none": None,
        "empty": torch.empty(0, 3),
    }
    back = tree_from(tree_bytes(tree))
    before, after = tree["optimizer"], back["optimizer"]
    assert after["param_groups"] == before["param_groups"]  # the tuple of betas included
    assert after["state"].keys() == before["state"].keys() == {0, 1}
    for i in (0, 1):
        for name, value in before["state"][i].items():
            assert torch.equal(value, after["state"][i][name])
    assert torch.equal(back["rng"], tree["rng"])
    assert back["grids"][0][0] == 5 and torch.equal(back["grids"][0][1], tree["grids"][0][1])
    assert back["inf"] == math.inf and back["none"] is None
    assert back["empty"].shape == (0, 3)


def test_tensors_that_share_memory_are_kept() -> None:
    shared = torch.arange(6.0)
    back = tree_from(tree_bytes({"a": shared, "b": shared[2:], "c": shared.view(2, 3).T}))
    assert torch.equal(back["b"], shared[2:]) and torch.equal(back["c"], shared.view(2, 3).T)


def test_anything_else_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    file = StoredCheckpoint(tmp_path / "x")
    file.save({"a": 1})
    with pytest.raises(TypeError, match="object"):
        file.save({"a": object()})
    assert file.load() == {"a": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["x"]


def test_numbers_lie_in_memory_as_they_did() -> None:
    """A fused optimiser goes through a weight and its moments in the order of memory."""
    plain = torch.arange(2 * 3 * 4 * 5.0).view(2, 3, 4, 5)
    last = plain.to(memory_format=torch.channels_last)
    kept = [plain, last, plain.mT, plain[:, ::2], plain.expand(3, 2, 3, 4, 5), torch.tensor(1.0)]
    for before, after in zip(kept, tree_from(tree_bytes(kept)), strict=True):
        assert torch.equal(before, after)
        if before.numel() == before.untyped_storage().size() // 4:
            assert before.stride() == after.stride()
