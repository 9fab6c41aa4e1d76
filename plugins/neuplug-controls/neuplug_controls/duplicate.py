"""The component ``duplicate``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from neuplug import FitContext, FitRecord, Generator, TrainingSet


class Duplicate(Generator):
    """The generator that has learned by heart: draws training images, with replacement.

    What a real generator is worth lies above this. It must pass for real by any distance to the
    training images, and any check of memorisation must find it out.
    """

    control = True

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Keep the images."""
        self.images = train.images
        self.labels = train.labels
        context.progress(1, 1)
        return FitRecord()

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw a copy for each label; see :class:`neuplug.Generator`."""
        rng = torch.Generator().manual_seed(seed)
        chosen = torch.empty_like(labels)
        for label in labels.unique():
            members = torch.nonzero(self.labels == label).flatten()
            wanted = labels == label
            picks = torch.randint(len(members), (int(wanted.sum()),), generator=rng)
            chosen[wanted] = members[picks]
        return self.images[chosen]

    def state_dict(self) -> dict[str, Any]:
        """The images and their labels."""
        return {"images": self.images, "labels": self.labels}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.images, self.labels = state["images"], state["labels"]
