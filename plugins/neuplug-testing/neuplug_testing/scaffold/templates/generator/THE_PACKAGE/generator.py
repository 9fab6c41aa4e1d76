"""The component ``THE_NAME``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from neuplug import FitContext, FitRecord, LatentGenerator, Options, TrainingSet


class TheNameOptions(Options):
    """Options of ``THE_NAME``."""

    components: int = Field(
        32, ge=1, le=512, description="principal components that are kept, at most"
    )
    spread: float = Field(
        1.0, gt=0, le=3, description="1: varies as the training images do; below: nearer their mean"
    )


class TheNameGenerator(LatentGenerator):
    """Draws from a normal distribution over the principal components of a class's pixels.

    The components are the "eigenfaces" of Turk and Pentland, "Eigenfaces for Recognition", Journal
    of Cognitive Neuroscience, 1991. neuplug fits one such generator for each class.
    """

    options_class = TheNameOptions
    sampling_options = frozenset({"spread"})  # arms that differ in it share one fit

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.mean = torch.empty(0)  # (C, H, W) in grey levels
        self.directions = torch.empty(0)  # (K, C, H, W), each as long as a standard deviation

    @property
    def latent_dim(self) -> int:
        """The number of components that are kept."""
        return len(self.directions)

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Find the mean image and the components; see :class:`neuplug.Generator`.

        It takes no random number and has no steps, so nothing is saved on the way.

        Returns:
            A curve of the share of the variance that the first components explain.
        """
        context.progress(0, 1)
        pixels = train.images.flatten(1).float()
        mean = pixels.mean(0)
        _, lengths, axes = torch.linalg.svd(pixels - mean, full_matrices=False)
        # centred images span one dimension less than there are images
        kept = max(1, min(self.options.components, len(pixels) - 1))
        deviations = lengths / max(1, len(pixels) - 1) ** 0.5
        self.mean = mean.view(train.images.shape[1:])
        self.directions = (deviations[:kept, None] * axes[:kept]).view(-1, *self.mean.shape)
        context.progress(1, 1)
        return self._record(deviations.square(), kept, context.name)

    def _record(self, variances: Tensor, kept: int, name: str) -> FitRecord:
        record = FitRecord(units={"explained variance": "share"})
        total = float(variances.sum())
        if total == 0:
            record.warnings.append(
                f"{name}: its training images are all alike, and so is what it draws."
            )
            return record
        shares = (variances.cumsum(0) / total)[:kept].tolist()
        record.curves["explained variance"] = list(enumerate(shares, start=1))
        return record

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Images of latents; see :class:`neuplug.LatentGenerator`."""
        mean, directions = self.mean.to(latents.device), self.directions.to(latents.device)
        changes = torch.einsum("nk,kchw->nchw", latents, directions)
        images: Tensor = mean + self.options.spread * changes
        return images.clamp(0, 255)

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw one image for each label; see :class:`neuplug.Generator`."""
        rng = torch.Generator().manual_seed(seed)
        latents = torch.randn(len(labels), self.latent_dim, generator=rng)
        return self.decode(latents, labels).round().to(torch.uint8)

    def state_dict(self) -> dict[str, Any]:
        """The mean image and the components."""
        return {"mean": self.mean, "directions": self.directions}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.mean, self.directions = state["mean"], state["directions"]
