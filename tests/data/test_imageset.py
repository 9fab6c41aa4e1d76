"""Arrays and tensors as sets of images."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import neuplug


def test_arrays_become_sets() -> None:
    photos = np.arange(2 * 8 * 9 * 3, dtype=np.uint8).reshape(2, 8, 9, 3)
    colour = neuplug.training_set(photos, ["b", "a"])
    assert colour.images.shape == (2, 3, 8, 9) and colour.classes == ("a", "b")
    assert colour.labels.tolist() == [1, 0]
    assert torch.equal(colour.images[1, 2], torch.from_numpy(photos[1, :, :, 2].copy()))
    named = neuplug.training_set(photos[..., 0], ["x", "y"], classes=["y", "x"], ids=["p", "q"])
    assert named.labels.tolist() == [1, 0] and named.ids == ("p", "q")
    with pytest.raises(ValueError, match="float64"):
        neuplug.training_set(photos / 255, ["a", "b"])
    with pytest.raises(ValueError, match="not classes: z"):
        neuplug.training_set(photos, ["y", "z"], classes=["x", "y"])
    with pytest.raises(ValueError, match="labels must be int64"):
        neuplug.training_set(photos, ["a"])


def test_a_set_in_torch_loaders() -> None:
    rng = torch.Generator().manual_seed(0)
    photos = torch.randint(0, 256, (24, 1, 32, 32), generator=rng, dtype=torch.uint8)
    bars = neuplug.training_set(photos, [0, 1] * 12, ["upright", "lying"])
    view = neuplug.TorchDataset(bars)
    assert len(view) == 24 and view.classes == ("upright", "lying")
    batches = list(DataLoader(view, batch_size=10, num_workers=1))
    assert [len(labels) for _, labels in batches] == [10, 10, 4]
    assert torch.equal(torch.cat([labels for _, labels in batches]), bars.labels)
    images = torch.cat([images for images, _ in batches])
    assert torch.equal((images * 255).round().to(torch.uint8), bars.images)
    doubled = neuplug.TorchDataset(bars, transform=torch.Tensor.double)
    assert doubled[3][0].dtype == torch.float64 and doubled[3][1] == 1
    assert len(pickle.loads(pickle.dumps(view))) == 24


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((4, 1, 32, 30), r"\(N, H, W, C\) .*not \(4, 1, 32, 30\); .*torch\.from_numpy"),
        ((4, 3, 32, 30), r"\(N, H, W, C\) .*not \(4, 3, 32, 30\); .*torch\.from_numpy"),
        ((4, 32, 30, 4), r"\(N, H, W, C\) with C 1 or 3, not \(4, 32, 30, 4\)$"),
    ],
)
def test_arrays_with_channels_elsewhere(shape: tuple[int, ...], sentence: str) -> None:
    images = np.zeros(shape, dtype=np.uint8)
    with pytest.raises(ValueError, match=sentence):
        neuplug.training_set(images, [0, 1] * 2)
    if shape[1] in (1, 3):  # what the sentence says to do
        taken = neuplug.training_set(torch.from_numpy(images), [0, 1] * 2)
        assert taken.images.shape == shape


def test_the_last_axis_is_the_channels_where_both_could_be() -> None:
    images = np.zeros((4, 3, 32, 3), dtype=np.uint8)
    assert neuplug.training_set(images, [0, 1] * 2).images.shape == (4, 3, 3, 32)
    assert neuplug.training_set(torch.from_numpy(images), [0, 1] * 2).images.shape == images.shape
