"""The one type in which images cross boundaries, made of arrays, and handed to torch's loaders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.utils.data import Dataset

from neuplug.errors import InputError, expect


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with their labels.

    Attributes:
        images: uint8 (N, C, H, W), C 1 (grey) or 3 (RGB), range 0-255.
        labels: int64 (N,), each an index into ``classes``.
        classes: Class names.
        ids: Where each image came from, unique within the set.

    Raises:
        ValueError: If shapes, dtypes or lengths do not fit together.

    Example:
        >>> pixels, labels = torch.zeros(3, 1, 32, 48, dtype=torch.uint8), torch.tensor([0, 1, 1])
        >>> images = neuplug.ImageSet(pixels, labels, ("dent", "rust"), ("a.png", "b.png", "c.png"))
        >>> len(images), images.counts(), images.channels, images.image_size
        (3, {'dent': 1, 'rust': 2}, 1, (32, 48))
        >>> images.of_class(1).ids, images.subset([2, 0]).ids
        (('b.png', 'c.png'), ('c.png', 'a.png'))
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        kinds = {"images": Tensor, "labels": Tensor, "classes": tuple, "ids": tuple}
        for name, kind in kinds.items():
            wanted = f"a {kind.__name__}; neuplug.training_set makes sets of lists and arrays"
            expect(getattr(self, name), kind, name, wanted)
        if not all(isinstance(text, str) for text in (*self.classes, *self.ids)):
            raise InputError("classes and ids of images must be text.")
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"images must be uint8 (N, 1 or 3, H, W), not {images.dtype} {tuple(images.shape)}"
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"labels must be int64 ({len(images)},), not {labels.dtype} {tuple(labels.shape)}"
            )
        if len(self.ids) != len(images):
            raise ValueError(f"{len(images)} images but {len(self.ids)} ids")
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(self.classes):
            raise ValueError(f"labels outside 0..{len(self.classes) - 1}")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.images.shape[1]

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.images.shape[2], self.images.shape[3]

    def counts(self, indices: Sequence[int] | None = None) -> dict[str, int]:
        """How many images each class has.

        Args:
            indices: Of these images alone; by default of all.
        """
        labels = self.labels if indices is None else self.labels[indices]
        numbers = torch.bincount(labels, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, numbers, strict=True))

    def subset(self, indices: Sequence[int] | Tensor) -> Self:
        """The images at ``indices``, in that order, as a set of the same type."""
        index = torch.as_tensor(indices, dtype=torch.int64)
        where = index.tolist()
        picked = {
            name: tuple(values[i] for i in where)
            for name, values in vars(self).items()
            if isinstance(values, tuple) and name != "classes"
        }
        return replace(self, images=self.images[index], labels=self.labels[index], **picked)

    def of_class(self, label: int) -> Self:
        """The images of one class."""
        return self.subset(torch.nonzero(self.labels == label).flatten())

    def digest(self, indices: Sequence[int] | None = None) -> str:
        """SHA-256 over the pixels, the size and each image's class name; ids do not count.

        Args:
            indices: Only these images; by default all.

        Example:
            >>> images = neuplug.training_set(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), [0, 1])
            >>> images.digest() == neuplug.held_out(images).digest(), images.digest([0])[:8]
            (True, 'd3dca5e2')
        """
        everything = range(len(self)) if indices is None else indices
        chosen = torch.as_tensor(everything, dtype=torch.int64)
        digest = hashlib.sha256(repr(tuple(self.images.shape[1:])).encode())
        for part in chosen.split(1024):  # a memory-mapped set is never whole in memory
            names = [self.classes[label] for label in self.labels[part].tolist()]
            digest.update("\x1f".join([*names, ""]).encode())
            digest.update(self.images[part].contiguous().numpy().data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class TrainingSet(ImageSet):
    """Images that augmenters, generators and classifiers may learn from.

    Attributes:
        origins: For each image ``real`` or the name of the component that made it.
        parents: For each image the id it was derived from; empty for real ones.

    Example:
        >>> from dataclasses import replace
        >>> real = neuplug.training_set(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), [0, 1])
        >>> names = {"ids": ("invert/0", "invert/1"), "origins": ("invert",) * 2}
        >>> made = replace(real, images=255 - real.images, parents=real.ids, **names)
        >>> neuplug.TrainingSet.concatenate([real, made]).origins
        ('real', 'real', 'invert', 'invert')
    """

    origins: tuple[str, ...] = field(default=())
    parents: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.origins:
            object.__setattr__(self, "origins", ("real",) * len(self))
        if not self.parents:
            object.__setattr__(self, "parents", ("",) * len(self))
        if not len(self.origins) == len(self.parents) == len(self):
            raise ValueError("origins and parents need one entry for each image")

    @classmethod
    def concatenate(cls, parts: Sequence[TrainingSet]) -> TrainingSet:
        """One set of all images of ``parts``, which share their classes and image size."""
        return cls(
            images=torch.cat([p.images for p in parts]),
            labels=torch.cat([p.labels for p in parts]),
            classes=parts[0].classes,
            ids=tuple(i for p in parts for i in p.ids),
            origins=tuple(o for p in parts for o in p.origins),
            parents=tuple(q for p in parts for q in p.parents),
        )


@dataclass(frozen=True, eq=False)
class HeldOutSet(ImageSet):
    """Real images kept for validation or test; no augmenter or generator accepts them."""


def refuse_unfit(train: object, who: str) -> None:
    """Refuse to learn from anything but a training set: a test says nothing about images seen.

    Raises:
        InputError: If ``train`` is no :class:`TrainingSet`.
    """
    if not isinstance(train, TrainingSet):
        raise InputError(
            f"{who} learns from a neuplug.TrainingSet, not a {type(train).__name__}: give the "
            "training part of a split, or make one from images with neuplug.training_set."
        )


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
