"""Between image sets and what other libraries hold: arrays, and torch's data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.utils.data import Dataset

from neuplug.data.imageset import HeldOutSet, ImageSet, TrainingSet


def training_set(
    images: ArrayLike | Tensor,
    labels: Sequence[Any] | ArrayLike | Tensor,
    classes: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
) -> TrainingSet:
    """Make a training set of arrays or tensors.

    Args:
        images: uint8, 0-255: tensors (N, C, H, W), arrays (N, H, W) or (N, H, W, C), C 1 or 3. An
            array's last axis is always taken for the channels, so an array (N, C, H, W) goes in
            through ``torch.from_numpy``.
        labels: One for each image: class names, or indices into ``classes``.
        classes: Class names in label order; by default the labels' own, sorted, as text.
        ids: A name for each image; by default ``image/0`` and so on.

    Raises:
        ValueError: If the images are no uint8 images, or labels, classes or ids do not fit them.

    Example:
        >>> import numpy as np
        >>> photos = np.zeros((4, 32, 48), dtype=np.uint8)
        >>> neuplug.training_set(photos, ["rust", "dent", "rust", "dent"]).counts()
        {'dent': 2, 'rust': 2}
    """
    tensor = images if isinstance(images, Tensor) else _from_array(np.asarray(images))
    values = np.asarray(labels)
    if values.ndim != 1:
        raise ValueError(f"labels must be one for each image, not of shape {values.shape}")
    if classes is None:
        known, indices = np.unique(values, return_inverse=True)
        names = tuple(str(value) for value in known.tolist())
    elif np.issubdtype(values.dtype, np.integer):
        names, indices = tuple(classes), values
    else:
        names, wanted = tuple(classes), [str(value) for value in values.tolist()]
        if strangers := sorted(set(wanted) - set(names)):
            raise ValueError(f"labels that are not classes: {', '.join(strangers)}")
        indices = np.array([names.index(name) for name in wanted])
    return TrainingSet(
        tensor,
        torch.as_tensor(indices, dtype=torch.int64),
        names,
        tuple(ids) if ids is not None else tuple(f"image/{i}" for i in range(len(tensor))),
    )


def held_out(images: ImageSet) -> HeldOutSet:
    """The same images, for measuring alone: nothing that learns accepts them.

    Example:
        >>> photos = torch.zeros(4, 1, 32, 32, dtype=torch.uint8)
        >>> test = neuplug.held_out(neuplug.training_set(photos, ["rust", "dent"] * 2))
        >>> test.counts(), isinstance(test, neuplug.TrainingSet)
        ({'dent': 2, 'rust': 2}, False)
    """
    return HeldOutSet(images.images, images.labels, images.classes, images.ids)


def _from_array(array: np.ndarray[Any, Any]) -> Tensor:
    if array.dtype != np.uint8 or array.ndim not in (3, 4):
        raise ValueError(
            f"images must be uint8 (N, H, W) or (N, H, W, C), not {array.dtype} {array.shape}"
        )
    if array.ndim == 3:
        array = array[..., None]
    if array.shape[3] not in (1, 3):
        remedy = (
            "; its channels seem to come first: hand it over as torch.from_numpy(images)"
            if array.shape[1] in (1, 3)
            else ""
        )
        raise ValueError(
            f"images must be (N, H, W) or (N, H, W, C) with C 1 or 3, not {array.shape}{remedy}"
        )
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))


class TorchDataset(Dataset[tuple[Any, int]]):
    """An image set as torch's loaders take it: (image, label) pairs.

    It pickles, so that loaders may have workers, and keeps no copy of the images.

    Args:
        images: The set.
        transform: Applied to each image, uint8 (C, H, W); torchvision's v2 transforms take it.
            Without one an image comes as float32 in 0-1.

    Example:
        >>> from torch.utils.data import DataLoader
        >>> pixels = torch.zeros(4, 1, 32, 32, dtype=torch.uint8)
        >>> images = neuplug.training_set(pixels, [0, 1, 0, 1])
        >>> batch, labels = next(iter(DataLoader(neuplug.TorchDataset(images), batch_size=4)))
        >>> batch.shape, batch.dtype, labels.tolist()
        (torch.Size([4, 1, 32, 32]), torch.float32, [0, 1, 0, 1])
        >>> neuplug.TorchDataset(images).classes
        ('0', '1')
    """

    def __init__(self, images: ImageSet, transform: Callable[[Tensor], Any] | None = None) -> None:
        self.images = images
        self.transform = transform

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, as torchvision's image folders have them."""
        return self.images.classes

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image = self.images.images[index]
        shown = image.float() / 255 if self.transform is None else self.transform(image)
        return shown, int(self.images.labels[index])
