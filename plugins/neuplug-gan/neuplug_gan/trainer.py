"""Adversarial training of a generator against a discriminator."""

from __future__ import annotations

import copy
import math
import time
from typing import Any

import torch
from torch import Tensor, nn

from neuplug import (
    FitContext,
    FitRecord,
    TrainingDiverged,
    TrainingSet,
    captured,
    derive_seed,
    eager,
    wants_bf16,
)
from neuplug_gan.checkpoints import Kept
from neuplug_gan.diffaugment import diffaugment
from neuplug_gan.images import GreyRange, ShuffledStream
from neuplug_gan.losses import discriminator_loss, generator_loss, targets
from neuplug_gan.options import GANOptions
from neuplug_gan.quality import Inspection
from neuplug_gan.spectral import SpectralNorm

CHECKPOINT_SECONDS = 15.0
LOG_EVERY = 25


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

    Attributes:
        kept: After :meth:`run` the generators to draw from, in order; the last one is the end's.
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
        self.options, self.context, self.device = options, context, context.device
        self.generator = generator.to(self.device).to(memory_format=torch.channels_last)
        self.discriminator = discriminator.to(self.device).to(memory_format=torch.channels_last)
        self.normalized = SpectralNorm(self.discriminator) if options.spectral_norm else None
        self.average = copy.deepcopy(self.generator)
        states = (self.average.state_dict(), self.generator.state_dict())
        self.averaged = list(zip(*(state.values() for state in states), strict=True))
        self.optimizer_g = self._adam(self.generator, options.lr)
        self.optimizer_d = self._adam(self.discriminator, options.d_lr or options.lr)
        self.bf16 = options.precision == "bf16" or (
            options.precision == "auto" and wants_bf16(generator, self.device)
        )
        self.scale, self.images = scale, train.images.to(self.device)
        self.labels = train.labels.to(self.device)
        self.real_targets = targets(options.real_label, train.classes, 1.0).to(self.device)
        self.fake_targets = targets(options.fake_label, train.classes, 0.0).to(self.device)

        self.rng = torch.Generator().manual_seed(derive_seed(context.seed, "loop"))
        # a GPU draws for itself, as a captured step must; and noise as large as the images is
        # drawn where they are
        self.draws = self.rng if self.device.type == "cpu" else self._generator("draws")
        self.noise_rng = self._generator("input noise")
        self.stream = ShuffledStream(len(train), self.rng)
        self.policies = options.policies(len(train))

        epoch = options.epoch_steps(len(train))
        self.unit = epoch or 1  # loops in one of what the length and the checkpoints count
        self.total = options.length(train.image_size) * self.unit
        self.keep_at = {number * self.unit for number in options.checkpoints} | {self.total}
        self.record = FitRecord(epoch_steps=epoch)
        self.inspection = Inspection(train, scale, options, context)
        self.kept: list[Kept] = []
        self.step = 0
        self._updates = self._updates_as_written
        if not options.decay:  # a rate that follows the number of updates cannot be in a graph
            generators = [self.draws, self.noise_rng]
            self._updates = captured(self._updates_as_written, self.device, generators)

    def _generator(self, role: str) -> torch.Generator:
        found = torch.Generator(self.device)
        return found.manual_seed(derive_seed(self.context.seed, role))

    def _adam(self, network: nn.Module, lr: float) -> torch.optim.Adam:
        betas = (self.options.beta1, self.options.beta2)
        on_gpu = self.device.type == "cuda"
        adam = eager(torch.optim.Adam)
        return adam(network.parameters(), lr, betas, fused=True, capturable=on_gpu)

    @property
    def sampler(self) -> nn.Module:
        """The network to draw images with: the averaged generator, unless averaging is off."""
        return self.average if self.options.ema else self.generator

    def run(self) -> FitRecord:
        """Train to the end.

        Raises:
            TrainingDiverged: If a loss is no longer finite.
        """
        if (state := self.context.checkpoint.load()) is not None:
            self._resume(state)
        count = self.options.grids
        grids = {max(1, round(self.total * (i + 1) / count)) for i in range(count)}
        marks = grids | self.keep_at  # the end is among them
        losses: list[Tensor] = []
        saved = time.monotonic()
        while self.step < self.total:
            losses.append(self._loop())
            self.step += 1
            if self.step in marks or self.step % LOG_EVERY == 0:
                self._log(losses)
                losses = []
                if self.step in grids:
                    self.record.grids.append((self.step, self.inspection.grid(self.sampler)))
                if self.step in self.keep_at:
                    number, distance = (
                        self.step // self.unit,
                        self.inspection.distance(self.sampler),
                    )
                    self.kept.append(Kept.of(self.sampler, number, self.step, distance))
                # here nothing is pending, so a resumed training is exact
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self.context.checkpoint.save(self._state())
                    saved = time.monotonic()
        self.record.warnings += self.inspection.warnings(self.sampler)
        self.record.checkpoints = [(kept.step, kept.distance) for kept in self.kept]
        return self.record

    def _loop(self) -> Tensor:
        """The updates of one step; the last losses of discriminator and generator, float (2,)."""
        batches = [self.stream.take(self.options.batch) for _ in range(self.options.d_steps)]
        losses = self._updates(torch.stack(batches).to(self.device))
        if self.options.ema:
            self._average()
        return losses.clone()  # the next step may overwrite them

    def _updates_as_written(self, batches: Tensor) -> Tensor:
        """Of both networks; ``batches`` int64 (d_steps, N) are the real images."""
        for i, index in enumerate(batches):
            real = self.scale.to_unit(self.images[index], self.device)
            real = real.contiguous(memory_format=torch.channels_last)
            labels = self.labels[index]
            # the last fakes of the discriminator's turn serve the generator's first
            with torch.set_grad_enabled(i == self.options.d_steps - 1):
                fake = self._fake(labels)
            updates = self.step * self.options.d_steps + i
            loss_d = self._update_discriminator(real, fake.detach(), labels, updates)
        for i in range(self.options.g_steps):
            if i > 0:
                fake = self._fake(labels)
            loss_g = self._update_generator(fake, labels, self.step * self.options.g_steps + i)
        return torch.stack([loss_d, loss_g])

    @torch.no_grad()
    def _average(self) -> None:
        """Take the generator into an exponential moving average, which draws better images.

        It forgets the first, poor generators sooner: the decay rises as (1 + t) / (10 + t), as in
        Tarvainen and Valpola 2017 (arXiv:1703.01780); the first generator counts whole.
        """
        t = self.step
        weight = 1 - min(self.options.ema, (1 + t) / (10 + t)) if t else 1.0
        floating = [pair for pair in self.averaged if pair[0].is_floating_point()]
        torch._foreach_lerp_([kept for kept, _ in floating], [new for _, new in floating], weight)
        for kept, new in self.averaged:
            if not kept.is_floating_point():  # counters of batch normalisation
                kept.copy_(new)

    def _fake(self, labels: Tensor) -> Tensor:
        shape = (self.options.batch, self.options.latent_dim)
        noise = torch.randn(shape, generator=self.draws, device=self.device)
        with self._autocast():
            images: Tensor = self.generator(noise, labels)
        return images.float()

    def _judge(self, images: Tensor, labels: Tensor) -> Tensor:
        """The discriminator's logits on images in [-1, 1], which are augmented first."""
        images = diffaugment(images, self.policies, self.draws)
        if self.options.input_noise:
            noise = torch.randn(images.shape, generator=self.noise_rng, device=self.device)
            images = images + self.options.input_noise * noise
        with self._autocast():
            logits: Tensor = (self.normalized or self.discriminator)(images, labels)
        return logits.float()

    def _update_discriminator(
        self, real: Tensor, fake: Tensor, labels: Tensor, updates: int
    ) -> Tensor:
        if self.normalized:
            self.normalized.normalize(follow=True)
        on_real, on_fake = self._judge(real, labels), self._judge(fake, labels)
        real_targets, fake_targets = self.real_targets[labels], self.fake_targets[labels]
        loss = discriminator_loss(on_real, on_fake, self.options.loss, real_targets, fake_targets)
        self._descend(self.optimizer_d, loss, updates)
        return loss.detach()

    def _update_generator(self, fake: Tensor, labels: Tensor, updates: int) -> Tensor:
        # gradients for the discriminator's weights would be computed and thrown away
        self.discriminator.requires_grad_(False)
        if self.normalized:
            self.normalized.normalize(follow=False)
        loss = generator_loss(self._judge(fake, labels), self.options.loss)
        self._descend(self.optimizer_g, loss, updates)
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def _descend(self, optimizer: torch.optim.Optimizer, loss: Tensor, updates: int) -> None:
        """One update; ``updates`` is how many the optimiser has done, which a resumed one knows."""
        for group in optimizer.param_groups:
            group["lr"] = optimizer.defaults["lr"] / (1 + self.options.decay * updates)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def _autocast(self) -> torch.autocast:
        cached = self.device.type == "cpu"
        return torch.autocast(self.device.type, torch.bfloat16, self.bf16, cache_enabled=cached)

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

    @property
    def _modules(self) -> dict[str, Any]:
        """All that has a ``state_dict``."""
        return {
            "generator": self.generator,
            "discriminator": self.normalized or self.discriminator,
            "average": self.average,
            "optimizer_g": self.optimizer_g,
            "optimizer_d": self.optimizer_d,
        }

    @property
    def _random(self) -> dict[str, torch.Generator]:
        """All that draws, torch's own generators included: dropout draws from these."""
        found = {"loop": self.rng, "noise": self.noise_rng, "torch": torch.default_generator}
        if self.device.type == "cuda":
            found["draws"] = self.draws
            index = self.device.index
            number = torch.cuda.current_device() if index is None else index
            found["cuda"] = torch.cuda.default_generators[number]
        return found

    def _state(self) -> dict[str, Any]:
        """What an interrupted training goes on from."""
        return {
            "step": self.step,
            "modules": {name: part.state_dict() for name, part in self._modules.items()},
            "random": {name: rng.get_state() for name, rng in self._random.items()},
            "kept": [kept.as_tree() for kept in self.kept],
            "waiting": self.stream.waiting,
            "curves": self.record.curves,
            "grids": self.record.grids,
        }

    def _resume(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        for name, part in self._modules.items():
            part.load_state_dict(state["modules"][name])
        for name, rng in self._random.items():
            rng.set_state(state["random"][name])
        self.kept = [Kept(**tree) for tree in state["kept"]]
        self.stream.waiting = state["waiting"]
        self.record.curves, self.record.grids = state["curves"], state["grids"]
