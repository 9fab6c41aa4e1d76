"""Adversarial training of a generator against a discriminator."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from neuplug import FitContext, FitRecord, TrainingDiverged, TrainingSet, derive_seed, wants_bf16
from neuplug_gan.diffaugment import diffaugment
from neuplug_gan.diversity import collapse_warning
from neuplug_gan.greyrange import GreyRange
from neuplug_gan.losses import discriminator_loss, generator_loss
from neuplug_gan.options import GANOptions

CHECKPOINT_SECONDS = 15.0
LOG_EVERY = 25
GRID_IMAGES = 16
DIVERSITY_IMAGES = 64


class AdversarialTrainer:
    """Trains two networks on one set of images, and goes on exactly where it was interrupted.

    The generator maps (z float (N, latent_dim), labels int64 (N,)) to images in [-1, 1]; the
    discriminator maps (images, labels) to logits (N,).

    Args:
        generator: In training mode, on the context's device.
        discriminator: Likewise.
        train: What to learn.
        scale: Between its grey levels and [-1, 1].
        options: See :class:`GANOptions`.
        context: Device, seed, progress and checkpoint.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        train: TrainingSet,
        scale: GreyRange,
        options: GANOptions,
        context: FitContext,
    ) -> None:
        self.options, self.context, self.scale = options, context, scale
        self.device = context.device
        self.generator = generator.to(self.device).to(memory_format=torch.channels_last)
        self.discriminator = discriminator.to(self.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.generator, multi_avg_fn=_ramped_average(options.ema), use_buffers=True
        )
        betas = (options.beta1, options.beta2)
        self.optimizer_g = torch.optim.Adam(
            self.generator.parameters(), options.lr, betas, fused=True
        )
        self.optimizer_d = torch.optim.Adam(
            self.discriminator.parameters(), options.d_lr or options.lr, betas, fused=True
        )
        self.real = train.images
        self.images = scale.to_unit(train.images, self.device)
        self.labels = train.labels.to(self.device)
        self.policies = options.policies(len(train))
        self.total = options.total_steps(train.image_size)
        self.bf16 = options.precision == "bf16" or (
            options.precision == "auto" and wants_bf16(generator, self.device)
        )
        self.rng = torch.Generator().manual_seed(derive_seed(context.seed, "loop"))
        self.record = FitRecord()
        self.step = 0
        fixed = torch.Generator().manual_seed(derive_seed(context.seed, "grid"))
        self.grid_noise = torch.randn(DIVERSITY_IMAGES, options.latent_dim, generator=fixed)
        self.grid_labels = train.labels.unique().repeat(DIVERSITY_IMAGES)[:DIVERSITY_IMAGES]

    @property
    def sampler(self) -> nn.Module:
        """The network to draw images with: the averaged generator, unless averaging is off."""
        return self.average.module if self.options.ema else self.generator

    def run(self) -> FitRecord:
        """Train to the end.

        Raises:
            TrainingDiverged: If a loss is no longer finite.
        """
        self._resume()
        grids = self._grid_steps()
        losses: list[Tensor] = []
        saved = time.monotonic()
        while self.step < self.total:
            losses.append(self._loop())
            self.step += 1
            if self.step in grids or self.step % LOG_EVERY == 0 or self.step == self.total:
                self._log(losses)
                losses = []
                if self.step in grids:
                    self._grid()
                # here nothing is pending, so a resumed training is exact
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save()
                    saved = time.monotonic()
        self._check_diversity()
        return self.record

    def _loop(self) -> Tensor:
        fake: Tensor | None = None
        labels = self.labels
        for i in range(self.options.d_steps):
            last = i == self.options.d_steps - 1
            real, labels = self._real_batch()
            # the last fakes of the discriminator's turn serve the generator's first
            with torch.set_grad_enabled(last):
                fake = self._fake(labels)
            loss_d = self._update_discriminator(real, fake.detach(), labels)
        for i in range(self.options.g_steps):
            if i > 0 or fake is None:
                fake = self._fake(labels)
            loss_g = self._update_generator(fake, labels)
        if self.options.ema:
            self.average.update_parameters(self.generator)
        return torch.stack([loss_d, loss_g])

    def _real_batch(self) -> tuple[Tensor, Tensor]:
        index = torch.randint(len(self.images), (self.options.batch,), generator=self.rng)
        index = index.to(self.device)
        batch = self.images[index].contiguous(memory_format=torch.channels_last)
        return batch, self.labels[index]

    def _fake(self, labels: Tensor) -> Tensor:
        shape = (self.options.batch, self.options.latent_dim)
        noise = torch.randn(shape, generator=self.rng).to(self.device)
        with self._autocast():
            images: Tensor = self.generator(noise, labels)
        return images.float()

    def _judge(self, images: Tensor, labels: Tensor) -> Tensor:
        seen = diffaugment(images, self.policies, self.rng) if self.policies else images
        with self._autocast():
            logits: Tensor = self.discriminator(seen, labels)
        return logits.float()

    def _update_discriminator(self, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
        loss = discriminator_loss(
            self._judge(real, labels), self._judge(fake, labels), self.options
        )
        self.optimizer_d.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer_d.step()
        return loss.detach()

    def _update_generator(self, fake: Tensor, labels: Tensor) -> Tensor:
        # gradients for the discriminator's weights would be computed and thrown away
        self.discriminator.requires_grad_(False)
        loss = generator_loss(self._judge(fake, labels), self.options)
        self.optimizer_g.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer_g.step()
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def _log(self, losses: list[Tensor]) -> None:
        loss_d, loss_g = torch.stack(losses).mean(0).tolist()
        for name, value in (("discriminator", loss_d), ("generator", loss_g)):
            if not math.isfinite(value):
                raise TrainingDiverged(
                    f"{self.context.name}: the {name}'s loss is {value} at step {self.step}; "
                    f"lower the learning rate (lr = {self.options.lr}) or use precision=fp32."
                )
            self.record.curves.setdefault(name, []).append((self.step, value))
        self.context.progress(self.step, self.total, f"D {loss_d:.2f} G {loss_g:.2f}")

    def _grid_steps(self) -> set[int]:
        count = self.options.grids
        return {max(1, round(self.total * (i + 1) / count)) for i in range(count)}

    def _grid(self) -> None:
        noise, labels = self.grid_noise[:GRID_IMAGES], self.grid_labels[:GRID_IMAGES]
        images = draw(self.sampler, self.scale, noise, labels)
        self.record.grids.append((self.step, images))

    def _check_diversity(self) -> None:
        images = draw(self.sampler, self.scale, self.grid_noise, self.grid_labels)
        if len(self.real) > 1:
            rng = torch.Generator().manual_seed(derive_seed(self.context.seed, "diversity"))
            some = torch.randperm(len(self.real), generator=rng)[:1000]
            warning = collapse_warning(images, self.real[some], self.context.name)
            self.record.warnings += [warning] if warning else []

    def _save(self) -> None:
        gpu = self.device.type == "cuda"
        self.context.checkpoint.save(
            {
                "step": self.step,
                "generator": self.generator.state_dict(),
                "discriminator": self.discriminator.state_dict(),
                "average": self.average.state_dict(),
                "optimizer_g": self.optimizer_g.state_dict(),
                "optimizer_d": self.optimizer_d.state_dict(),
                "rng": self.rng.get_state(),
                "torch_rng": torch.get_rng_state(),
                "gpu_rng": torch.cuda.get_rng_state(self.device) if gpu else None,
                "curves": self.record.curves,
                "grids": self.record.grids,
            }
        )

    def _resume(self) -> None:
        state: dict[str, Any] | None = self.context.checkpoint.load()
        if state is None:
            return
        self.step = state["step"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.average.load_state_dict(state["average"])
        self.optimizer_g.load_state_dict(state["optimizer_g"])
        self.optimizer_d.load_state_dict(state["optimizer_d"])
        self.rng.set_state(state["rng"])
        torch.set_rng_state(state["torch_rng"])
        if state["gpu_rng"] is not None:
            torch.cuda.set_rng_state(state["gpu_rng"], self.device)
        self.record.curves = state["curves"]
        self.record.grids = state["grids"]


@torch.no_grad()
def draw(
    generator: nn.Module, scale: GreyRange, noise: Tensor, labels: Tensor, batch: int = 256
) -> Tensor:
    """Draw images from a generator.

    Args:
        generator: Maps (z, labels) to images in [-1, 1]; left in the mode it was in.
        scale: From [-1, 1] to grey levels.
        noise: float (N, latent_dim).
        labels: int64 (N,).
        batch: How many at a time.

    Returns:
        uint8 (N, C, H, W) on the CPU.
    """
    device = next(generator.parameters()).device
    mode = generator.training
    generator.eval()
    parts = []
    for z, y in zip(noise.split(batch), labels.split(batch), strict=True):
        images = generator(z.to(device), y.to(device)).float()
        parts.append(scale.to_bytes(images))
    generator.train(mode)
    return torch.cat(parts).contiguous()


def _ramped_average(decay: float) -> Any:
    """An exponential moving average that forgets the first, poor generators sooner.

    The decay rises as (1 + t) / (10 + t) up to ``decay``, as in Tarvainen and Valpola 2017.
    """

    @torch.no_grad()
    def update(average: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        t = int(count)
        weight = 1 - min(decay, (1 + t) / (10 + t))
        if average[0].is_floating_point():
            torch._foreach_lerp_(average, current, weight)
        else:  # counters of batch norm
            for kept, new in zip(average, current, strict=True):
                kept.copy_(new)

    return update
