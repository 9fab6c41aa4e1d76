"""The base of GAN components: two networks to build, the rest is done."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from neuplug import FitContext, FitRecord, InputError, LatentGenerator, TrainingSet, seeded
from neuplug_gan.checkpoints import Kept, choose
from neuplug_gan.images import GreyRange, draw, stretched
from neuplug_gan.options import GANOptions
from neuplug_gan.trainer import AdversarialTrainer

CPU = torch.device("cpu")


class AdversarialGenerator(LatentGenerator):
    """A generator trained against a discriminator.

    A plugin derives from it, sets ``options_class`` and implements :meth:`build`.
    :func:`neuplug_gan.testing.check_options` shows whether ``spectral_norm`` finds its layers; the
    other options of the training need nothing of the networks.
    """

    options_class: ClassVar[type[GANOptions]] = GANOptions
    sampling_options: ClassVar[frozenset[str]] = frozenset({"checkpoint"})

    def __init__(self, options: GANOptions | None = None) -> None:
        super().__init__(options)
        self._shape: dict[str, int] = {}
        self._classes: tuple[str, ...] = ()
        self._scale = GreyRange()
        self._device = CPU
        self._kept: dict[int, Kept] = {}
        self._pretrained: list[dict[str, Tensor]] = []  # states of the two networks
        self._networks: dict[int, nn.Module] = {}  # those that were drawn from

    @property
    def conditional(self) -> bool:
        """Whether one network draws all classes (option ``conditional``)."""
        return bool(self.options.conditional)

    @property
    def latent_dim(self) -> int:
        """Length of z (option ``latent_dim``)."""
        return int(self.options.latent_dim)

    @abstractmethod
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        """Return a new generator and a new discriminator.

        Args:
            num_classes: How many labels there are; 0 for an unconditional pair.
            in_chans: 1 or 3.
            image_size: (height, width).

        Returns:
            Networks as :class:`neuplug_gan.trainer.AdversarialTrainer` takes them.
        """

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Train on the set; see :class:`neuplug.Generator`.

        Raises:
            InputError: If there are no images, or a checkpoint is asked for beyond the end.
            TrainingDiverged: If a loss is no longer finite.
        """
        options = self.options
        if context.start is not None:
            left = options.length(train.image_size) - self._shared_steps(train)
            options = options.model_copy(update={"steps": max(1, left)})
        trainer = self._trained(train, options, context)
        self._take_over(trainer.kept, context.device)
        return trainer.record

    @property
    def pretrains(self) -> bool:
        """Whether classes start from a training on all of them (option ``warm_start``)."""
        return bool(self.options.warm_start)

    def pretrain(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Train on all classes as if they were one, for the steps that each gives up for it.

        Raises:
            InputError: As :meth:`fit`.
            TrainingDiverged: If a loss is no longer finite.
        """
        steps = max(1, self._shared_steps(train) * len(train.classes))
        changes: dict[str, Any] = {"steps": steps, "grids": 0}
        # augmented as the classes will be, however many images they have together
        policies = self.options.policies(int(train.labels.bincount().max())) if len(train) else ()
        changes["diffaugment"] = ",".join(policies) or "none"
        if self.options.grey_range == "spread":  # as each class will have it
            train, changes["grey_range"] = stretched(train), "full"
        trainer = self._trained(train, self.options.model_copy(update=changes), context)
        trainer.record.warnings.clear()  # nothing is drawn from it
        networks = (trainer.generator, trainer.discriminator)
        self._pretrained = [network.state_dict() for network in networks]
        return trainer.record

    def _shared_steps(self, train: TrainingSet) -> int:
        return int(self.options.warm_start * self.options.length(train.image_size))

    def _trained(
        self, train: TrainingSet, options: GANOptions, context: FitContext
    ) -> AdversarialTrainer:
        if not len(train):
            raise InputError(f"{context.name}: there are no images to learn from.")
        try:
            options.check_checkpoints(options.length(train.image_size))
        except ValueError as error:
            raise InputError(f"{context.name}: {error}.") from None
        self._shape = {
            "num_classes": len(train.classes) if self.conditional else 0,
            "in_chans": train.channels,
            "height": train.image_size[0],
            "width": train.image_size[1],
        }
        self._classes = train.classes
        spread = options.grey_range == "spread"
        self._scale = GreyRange.of(train.images) if spread else GreyRange()
        with seeded(context.seed, context.device):
            networks = self._build()
            if context.start is not None:
                for network, state in zip(networks, context.start["networks"], strict=True):
                    network.load_state_dict(state)
            trainer = AdversarialTrainer(*networks, train, self._scale, options, context)
            trainer.run()
        return trainer

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw one image for each label; see :class:`neuplug.Generator`.

        Of a mixture of checkpoints, each draws every so many-th image of a class.

        Raises:
            InputError: If the option ``checkpoint`` names what is not there.
            RuntimeError: If it was neither fitted nor loaded.
        """
        rng = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(labels), self.latent_dim, generator=rng)
        numbers = self._checkpoint_of_each(labels)
        images = torch.empty(len(labels), *self._image_shape, dtype=torch.uint8)
        for number in numbers.unique().tolist():
            mine = numbers == number
            network = self._network(number, self._device)
            images[mine] = draw(network, self._scale, noise[mine], labels[mine])
        return images

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Images of latents, with gradients; see :class:`neuplug.LatentGenerator`.

        Of a mixture of checkpoints, the first one named draws.

        Raises:
            InputError: If the option ``checkpoint`` names what is not there.
            RuntimeError: If it was neither fitted nor loaded.
        """
        labels = labels.to(latents.device)
        numbers = self._checkpoint_of_each(labels.cpu(), mix=False).to(latents.device)
        images = torch.zeros(len(latents), *self._image_shape, device=latents.device)
        for number in numbers.unique().tolist():
            mine = (numbers == number).nonzero().flatten()
            network = self._network(number, latents.device)
            drawn = network(latents[mine], labels[mine]).float()
            images = images.index_copy(0, mine, drawn)  # not in place: gradients go through
        return self._scale.to_grey(images)

    def state_dict(self) -> dict[str, Any]:
        """The networks that were kept, the shape of their images and the classes' names.

        After :meth:`pretrain` the two networks that classes start from.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        if self._pretrained:
            return {"networks": self._pretrained}
        self._check_fitted()
        return {
            "shape": dict(self._shape),
            "range": [self._scale.low, self._scale.high],
            "classes": list(self._classes),
            "kept": [kept.as_tree() for kept in self._kept.values()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self._shape = dict(state["shape"])
        self._classes = tuple(state["classes"])
        self._scale = GreyRange(*state["range"])
        self._take_over([Kept(**tree) for tree in state["kept"]], CPU)

    @property
    def _image_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self._shape["in_chans"], self._shape["height"], self._shape["width"]

    def _take_over(self, kept: list[Kept], device: torch.device) -> None:
        self._kept = {entry.number: entry for entry in kept}
        self._networks = {}
        self._device = device

    def _check_fitted(self) -> None:
        if not self._kept:
            raise RuntimeError("fit the generator, or load a state, first")

    def _checkpoint_of_each(self, labels: Tensor, mix: bool = True) -> Tensor:
        """The number of the checkpoint that draws each image, int64 (N,)."""
        self._check_fitted()
        distances = {number: kept.distance for number, kept in self._kept.items()}
        numbers = torch.empty_like(labels)
        for label in labels.unique().tolist():
            name = self._classes[label]
            chosen = torch.tensor(choose(self.options.checkpoint, name, self._classes, distances))
            places = (labels == label).nonzero().flatten()
            turn = torch.arange(len(places)) % (len(chosen) if mix else 1)
            numbers[places] = chosen[turn]
        return numbers

    def _network(self, number: int, device: torch.device) -> nn.Module:
        if number not in self._networks:
            with seeded(0, CPU):
                network, _ = self._build()
            network.load_state_dict(self._kept[number].network)
            network.eval().requires_grad_(False)
            self._networks[number] = network.to(memory_format=torch.channels_last)
        return self._networks[number].to(device)

    def _build(self) -> tuple[nn.Module, nn.Module]:
        shape = self._shape
        size = (shape["height"], shape["width"])
        return self.build(shape["num_classes"], shape["in_chans"], size)
