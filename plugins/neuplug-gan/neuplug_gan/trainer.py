"""Adversarial training of a generator against a discriminator."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from neuplug import FitContext, FitRecord, TrainingDiverged, TrainingSet, derive_seed, wants_bf16
from neuplug_gan.ada import AdaptiveProbability
from neuplug_gan.averaging import ramped_average
from neuplug_gan.batches import ShuffledStream
from neuplug_gan.checkpoints import Kept
from neuplug_gan.diffaugment import diffaugment
from neuplug_gan.diversity import collapse_warnings
from neuplug_gan.drawing import draw
from neuplug_gan.greyrange import GreyRange
from neuplug_gan.losses import discriminator_loss, generator_loss, targets
from neuplug_gan.options import GANOptions
from neuplug_gan.quality import TrainingDistance, looked_at
from neuplug_gan.regularizers.chosen import chosen_penalties
from neuplug_gan.regularizers.spectral_norm import normalize_spectra
from neuplug_gan.regularizers.turn import Turn

CHECKPOINT_SECONDS = 15.0
LOG_EVERY = 25
PROBABILITY = "augmentation probability"  # the curve that ada leaves
DIVERSITY_IMAGES = 64
# As few as 40 would leave a chance error as large as what late checkpoints differ by
DISTANCE_IMAGES = 256


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
        self.options, self.context, self.scale = options, context, scale
        self.device = context.device
        if options.spectral_norm:
            normalize_spectra(discriminator)
        self.generator = generator.to(self.device).to(memory_format=torch.channels_last)
        self.discriminator = discriminator.to(self.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.generator, multi_avg_fn=ramped_average(options.ema), use_buffers=True
        )
        betas = (options.beta1, options.beta2)
        self.optimizer_g = torch.optim.Adam(
            self.generator.parameters(), options.lr, betas, fused=True
        )
        self.optimizer_d = torch.optim.Adam(
            self.discriminator.parameters(), options.d_lr or options.lr, betas, fused=True
        )
        self.real, self.classes = train.images, train.classes
        self.images = scale.to_unit(train.images, self.device)
        self.labels = train.labels.to(self.device)
        self.real_targets = targets(options.real_label, train.classes, 1.0).to(self.device)
        self.fake_targets = targets(options.fake_label, train.classes, 0.0).to(self.device)
        self.policies = options.policies(len(train))
        epoch = options.epoch_steps(len(train))
        self.unit = epoch or 1  # loops in one of what the length and the checkpoints count
        self.total = options.length(train.image_size) * self.unit
        self.keep_at = {number * self.unit for number in options.checkpoints} | {self.total}
        self.bf16 = options.precision == "bf16" or (
            options.precision == "auto" and wants_bf16(generator, self.device)
        )
        self.rng = torch.Generator().manual_seed(derive_seed(context.seed, "loop"))
        # noise as large as the images is drawn where they are
        self.noise_rng = torch.Generator(self.device)
        self.noise_rng.manual_seed(derive_seed(context.seed, "input noise"))
        self.stream = ShuffledStream(len(train), self.rng)
        self.ada = AdaptiveProbability(options.ada_images) if options.ada else None
        self.penalties = chosen_penalties(options, bool(self.policies), self.rng).to(self.device)
        units = {PROBABILITY: "probability"} if self.ada else {}
        self.record = FitRecord(epoch_steps=epoch, units=units)
        self.kept: list[Kept] = []
        self.step = 0

        fixed = torch.Generator().manual_seed(derive_seed(context.seed, "grid"))
        drawn = max(DIVERSITY_IMAGES, options.grid_images)
        self.grid_noise = torch.randn(drawn, options.latent_dim, generator=fixed)
        self.grid_labels = train.labels.unique().repeat(drawn)[:drawn]

        chosen = looked_at(len(train))
        self.distance = TrainingDistance(train.images[chosen], self.device)
        # the same noise at every checkpoint: they differ by their weights alone
        compared = max(DISTANCE_IMAGES, len(chosen))
        self.distance_noise = torch.randn(compared, options.latent_dim, generator=fixed)
        self.distance_labels = train.labels[chosen].repeat(compared)[:compared]

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
                    self._grid()
                if self.step in self.keep_at:
                    self._keep()
                # here nothing is pending, so a resumed training is exact
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save()
                    saved = time.monotonic()
        self._check_diversity()
        self.record.checkpoints = [(kept.step, kept.distance) for kept in self.kept]
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
            loss_d = self._update_discriminator(
                real, fake.detach(), labels, self.step * self.options.d_steps + i
            )
        for i in range(self.options.g_steps):
            if i > 0 or fake is None:
                fake = self._fake(labels)
            loss_g = self._update_generator(fake, labels, self.step * self.options.g_steps + i)
        if self.options.ema:
            self.average.update_parameters(self.generator)
        return torch.stack([loss_d, loss_g])

    def _real_batch(self) -> tuple[Tensor, Tensor]:
        index = self.stream.take(self.options.batch).to(self.device)
        batch = self.images[index].contiguous(memory_format=torch.channels_last)
        return batch, self.labels[index]

    def _fake(self, labels: Tensor) -> Tensor:
        shape = (self.options.batch, self.options.latent_dim)
        noise = torch.randn(shape, generator=self.rng).to(self.device)
        with self._autocast():
            images: Tensor = self.generator(noise, labels)
        return images.float()

    def _augment(self, images: Tensor) -> Tensor:
        if not self.policies:
            return images
        return diffaugment(images, self.policies, self.rng, self.ada.p if self.ada else 1.0)

    def _judge(self, images: Tensor, labels: Tensor, exact: bool = False) -> Tensor:
        if self.options.input_noise:
            noise = torch.randn(images.shape, generator=self.noise_rng, device=self.device)
            images = images + self.options.input_noise * noise
        with self._autocast(exact):
            logits: Tensor = self.discriminator(images, labels)
        return logits.float()

    def _update_discriminator(
        self, real: Tensor, fake: Tensor, labels: Tensor, updates: int
    ) -> Tensor:
        seen_real = self._augment(real)
        on_real = self._judge(seen_real, labels)
        on_fake = self._judge(self._augment(fake), labels)
        loss = discriminator_loss(
            on_real,
            on_fake,
            self.options.loss,
            self.real_targets[labels],
            self.fake_targets[labels],
        )
        turn = Turn(self._judge, labels, real, fake, seen_real, on_real, on_fake, updates)
        penalized = loss
        for penalty in self.penalties:
            penalized = penalized + penalty(turn)
        self._descend(self.optimizer_d, penalized, self.options.d_lr or self.options.lr, updates)
        if self.ada:
            self.ada.update(on_real)
        return loss.detach()

    def _update_generator(self, fake: Tensor, labels: Tensor, updates: int) -> Tensor:
        # gradients for the discriminator's weights would be computed and thrown away
        self.discriminator.requires_grad_(False)
        logits = self._judge(self._augment(fake), labels)
        loss = generator_loss(logits, self.options.loss)
        self._descend(self.optimizer_g, loss, self.options.lr, updates)
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def _descend(
        self, optimizer: torch.optim.Optimizer, loss: Tensor, lr: float, updates: int
    ) -> None:
        """One update; ``updates`` is how many the optimiser has done, which a resumed one knows."""
        for group in optimizer.param_groups:
            group["lr"] = lr / (1 + self.options.decay * updates)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def _autocast(self, exact: bool = False) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16 and not exact)

    def _log(self, losses: list[Tensor]) -> None:
        loss_d, loss_g = torch.stack(losses).mean(0).tolist()
        for name, value in (("discriminator", loss_d), ("generator", loss_g)):
            if not math.isfinite(value):
                raise TrainingDiverged(
                    f"{self.context.name}: the {name}'s loss is {value} at step {self.step}; "
                    f"lower the learning rate (lr = {self.options.lr}) or use precision=fp32."
                )
            self._plot(name, value)
        if self.ada:
            self._plot(PROBABILITY, self.ada.p)
        self.context.progress(self.step, self.total, f"D {loss_d:.2f} G {loss_g:.2f}")

    def _plot(self, curve: str, value: float) -> None:
        self.record.curves.setdefault(curve, []).append((self.step, value))

    def _grid_steps(self) -> set[int]:
        count = self.options.grids
        return {max(1, round(self.total * (i + 1) / count)) for i in range(count)}

    def _grid(self) -> None:
        count = self.options.grid_images
        noise, labels = self.grid_noise[:count], self.grid_labels[:count]
        images = draw(self.sampler, self.scale, noise, labels)
        self.record.grids.append((self.step, images))

    def _keep(self) -> None:
        images = draw(self.sampler, self.scale, self.distance_noise, self.distance_labels)
        number = self.step // self.unit
        self.kept.append(Kept.of(self.sampler, number, self.step, self.distance(images)))

    def _check_diversity(self) -> None:
        noise, labels = self.grid_noise[:DIVERSITY_IMAGES], self.grid_labels[:DIVERSITY_IMAGES]
        images = draw(self.sampler, self.scale, noise, labels)
        rng = torch.Generator().manual_seed(derive_seed(self.context.seed, "diversity"))
        some = torch.randperm(len(self.real), generator=rng)[:1000]
        self.record.warnings += collapse_warnings(
            images,
            labels,
            self.real[some],
            self.labels.cpu()[some],
            self.context.name,
            self.classes,
        )

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
                "penalties": self.penalties.state_dict(),
                "ada": self.ada.state_dict() if self.ada else None,
                "kept": [kept.as_tree() for kept in self.kept],
                "waiting": self.stream.waiting,
                "rng": self.rng.get_state(),
                "noise_rng": self.noise_rng.get_state(),
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
        self.penalties.load_state_dict(state["penalties"])
        if self.ada:
            self.ada.load_state_dict(state["ada"])
        self.kept = [Kept(**tree) for tree in state["kept"]]
        self.stream.waiting = state["waiting"]
        self.rng.set_state(state["rng"])
        self.noise_rng.set_state(state["noise_rng"])
        torch.set_rng_state(state["torch_rng"])
        if state["gpu_rng"] is not None:
            torch.cuda.set_rng_state(state["gpu_rng"], self.device)
        self.record.curves = state["curves"]
        self.record.grids = state["grids"]
