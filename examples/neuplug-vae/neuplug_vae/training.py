"""The training of the networks, which goes on exactly where it was interrupted."""

from __future__ import annotations

import math
import time

import torch
from torch import Tensor

from neuplug import FitContext, FitRecord, TrainingDiverged, TrainingSet, derive_seed
from neuplug_vae.drawing import draw
from neuplug_vae.model import ConvolutionalVAE
from neuplug_vae.objective import Objective, objective, to_unit, variance_of
from neuplug_vae.options import VAEOptions

CHECKPOINT_SECONDS = 15.0
LOG_EVERY = 25
LOSS, ERROR, DIVERGENCE = "loss", "reconstruction error", "KL divergence"  # the curves
COLLAPSED = 0.5
"""In nats an image: below, the latents hardly tell one image from another."""


class Trainer:
    """Trains the networks on one set of images.

    All that is random in a step comes from the seed and the step's number, so a resumed training
    needs no state of any random generator.

    Args:
        network: On the context's device.
        train: What to learn.
        options: See :class:`VAEOptions`.
        context: Device, seed, progress and checkpoint.
    """

    def __init__(
        self,
        network: ConvolutionalVAE,
        train: TrainingSet,
        options: VAEOptions,
        context: FitContext,
    ) -> None:
        self.network, self.train = network, train
        self.options, self.context = options, context
        self.optimizer = torch.optim.Adam(network.parameters(), options.lr)
        self.record = FitRecord(units={ERROR: "grey levels", DIVERGENCE: "nats an image"})
        self.variance = variance_of(train.images)
        self.step = 0
        n = options.grid_images
        self.grid_latents = torch.randn(n, options.latent_dim, generator=self._rng("grid"))
        self.grid_labels = train.labels.unique().repeat(n)[:n]

    def run(self) -> FitRecord:
        """Train to the end.

        Raises:
            TrainingDiverged: If the loss is no longer finite.
        """
        self._resume()
        total, grids = self.options.steps, self.options.grids
        marks = {max(1, round(total * (i + 1) / grids)) for i in range(grids)}  # the end too
        pending: list[Tensor] = []
        saved = time.monotonic()
        while self.step < total:
            pending.append(torch.stack(self._update()).detach())
            self.step += 1
            if self.step in marks or self.step % LOG_EVERY == 0:
                self._log(torch.stack(pending).mean(0))
                pending = []
                if self.step in marks:
                    images = draw(self.network, self.grid_latents, self.grid_labels)
                    self.record.grids.append((self.step, images))
                # here nothing is pending, so a resumed training is exact
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save()
                    saved = time.monotonic()
        self._check_collapse()
        return self.record

    def _update(self) -> Objective:
        self.network.train()
        index = self._batch()
        images = to_unit(self.train.images[index].to(self.context.device))
        labels = self.train.labels[index].to(self.context.device)
        shape = (len(index), self.options.latent_dim)
        noise = torch.randn(shape, generator=self._rng("noise", self.step)).to(images.device)
        drawn, mean, log_variance = self.network(images, labels, noise)
        found = objective(images, drawn, mean, log_variance, self.options.beta, self.variance)
        for group in self.optimizer.param_groups:
            turn = math.pi * self.step / self.options.steps
            group["lr"] = self.options.lr * (1 + math.cos(turn)) / 2
        self.optimizer.zero_grad(set_to_none=True)
        found.loss.backward()
        self.optimizer.step()
        return found

    def _batch(self) -> Tensor:
        """The images of this step: all of them in random order, then all in another one."""
        n, size = len(self.train), self.options.batch
        first, last = self.step * size, (self.step + 1) * size
        passes = range(first // n, (last - 1) // n + 1)
        orders = [torch.randperm(n, generator=self._rng("order", i)) for i in passes]
        start = first - passes[0] * n
        return torch.cat(orders)[start : start + size]

    def _rng(self, *role: str | int) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed(self.context.seed, *role))

    def _log(self, means: Tensor) -> None:
        values = dict(zip((LOSS, ERROR, DIVERGENCE), means.tolist(), strict=True))
        if not all(map(math.isfinite, values.values())):
            raise TrainingDiverged(
                f"{self.context.name}: the loss is {values[LOSS]} at step {self.step}; "
                f"lower the learning rate (lr = {self.options.lr})."
            )
        for name, value in values.items():
            self.record.curves.setdefault(name, []).append((self.step, value))
        note = f"error {values[ERROR]:.1f} KL {values[DIVERGENCE]:.1f}"
        self.context.progress(self.step, self.options.steps, note)

    def _check_collapse(self) -> None:
        divergence = self.record.curves[DIVERGENCE][-1][1]
        if divergence < COLLAPSED:
            self.record.warnings.append(
                f"{self.context.name}: the latents say nothing about the image (KL divergence "
                f"{divergence:.2f} nats), so that all it draws is alike: lower beta, or train for "
                "more steps."
            )

    def _save(self) -> None:
        self.context.checkpoint.save(
            {
                "step": self.step,
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "curves": self.record.curves,
                "grids": self.record.grids,
            }
        )

    def _resume(self) -> None:
        state = self.context.checkpoint.load()
        if state is None:
            return
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.record.curves = state["curves"]
        self.record.grids = state["grids"]
