"""Training sets: put together from real images and what tasks have made, and refused if empty."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from neuplug.data.dataset import Dataset
from neuplug.data.imageset import TrainingSet
from neuplug.errors import NeuplugError
from neuplug.experiment.mixture import MadeImages, Mixture, Part, RealImages
from neuplug.experiment.steps.context import TaskContext


def training_set(
    context: TaskContext,
    mixture: Mixture,
    dataset: Dataset,
    classes: Sequence[str] | None = None,
    whose: str = "",
) -> TrainingSet:
    """Put a training set together.

    Args:
        context: Where what tasks have made is.
        mixture: What it consists of.
        dataset: Where the real images are.
        classes: Of the set, in this order; by default those of the mixture.
        whose: Whose set it is, for the error's sentence, where something is to learn from it; a
            set to look at may lack images of a class.

    Raises:
        NeuplugError: If something is to learn from it, and a class has no image.
    """
    if whose:
        _refuse_empty(context, mixture, whose)
    names = tuple(classes if classes is not None else mixture.classes)
    return TrainingSet.concatenate(
        [
            _part(context, part, dataset, label, names)
            for label, name in enumerate(names)
            for part in mixture.parts.get(name, ())
        ]
    )


def _part(
    context: TaskContext, part: Part, dataset: Dataset, label: int, classes: tuple[str, ...]
) -> TrainingSet:
    if isinstance(part, MadeImages):
        tree = context.tree(part.task, "images")
        images = tree["images"]
        ids, origins, parents = (tuple(tree[name]) for name in ("ids", "origins", "parents"))
    else:
        images = dataset.images.images[torch.as_tensor(part.indices, dtype=torch.int64)]
        ids = tuple(dataset.images.ids[i] for i in part.indices)
        origins, parents = ("real",) * len(ids), ("",) * len(ids)
    labels = torch.full((len(ids),), label, dtype=torch.int64)
    return TrainingSet(images, labels, classes, ids, origins, parents)


def _refuse_empty(context: TaskContext, mixture: Mixture, whose: str) -> None:
    """Refuse a training set that has no image of one of its classes.

    A plan asks for images of every class, so one is empty only where filters let nothing pass. Of
    no images nothing is learned; and a classifier that has never seen a class cannot name it, so
    that its accuracy would tell of the gap and not of the arm's images. It is no
    :class:`neuplug.InputError`, which would stop the other arms too.
    """
    empty = []
    for name, parts in mixture.parts.items():
        if any(isinstance(part, RealImages) and len(part) for part in parts):
            continue
        made = [(p.filter, context.about(p.task)) for p in parts if isinstance(p, MadeImages)]
        if any(about["images"] for _, about in made):
            continue
        passed = ", ".join(
            f"filter={how} let {about['images']} of {about['drawn']} images pass"
            for how, about in made
            if how
        )
        empty.append(f"class {name} ({passed})" if passed else f"class {name}")
    if empty:
        raise NeuplugError(
            f"{whose} leaves {' and '.join(empty)} without training images. Keep the real ones (no "
            "replace, a share below 1), leave the filter out or loosen it, train the generator for "
            "more steps, or leave the arm out."
        )
