"""The base of GAN components: two networks to build, the rest is done."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from neuplug import FitContext, FitRecord, Generator, TrainingSet, seeded
from neuplug_gan.greyrange import GreyRange
from neuplug_gan.options import GANOptions
from neuplug_gan.trainer import AdversarialTrainer, draw


class AdversarialGenerator(Generator):
    """A generator trained against a discriminator.

    A plugin derives from it, sets ``options_class`` and implements :meth:`build`.
    """

    options_class: ClassVar[type[GANOptions]] = GANOptions

    def __init__(self, options: GANOptions | None = None) -> None:
        super().__init__(options)
        self._network: nn.Module | None = None
        self._shape: dict[str, int] = {}
        self._scale = GreyRange(0.0, 255.0)

    @property
    def conditional(self) -> bool:
        """Whether one network draws all classes (option ``conditional``)."""
        return bool(self.options.conditional)

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
        """Train on the set; see :class:`neuplug.Generator`."""
        self._shape = {
            "num_classes": len(train.classes) if self.conditional else 0,
            "in_chans": train.channels,
            "height": train.image_size[0],
            "width": train.image_size[1],
        }
        self._scale = GreyRange.of(train.images)
        with seeded(context.seed, context.device):
            networks = self._build()
            trainer = AdversarialTrainer(*networks, train, self._scale, self.options, context)
            record = trainer.run()
        self._network = trainer.sampler.eval()
        return record

    def _build(self) -> tuple[nn.Module, nn.Module]:
        shape = self._shape
        size = (shape["height"], shape["width"])
        return self.build(shape["num_classes"], shape["in_chans"], size)

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw one image for each label; see :class:`neuplug.Generator`.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        if self._network is None:
            raise RuntimeError("fit the generator, or load a state, before sampling")
        rng = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(labels), self.options.latent_dim, generator=rng)
        return draw(self._network, self._scale, noise, labels)

    def state_dict(self) -> dict[str, Any]:
        """The sampling network and the shape of its images.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        if self._network is None:
            raise RuntimeError("fit the generator before asking for its state")
        return {
            "shape": dict(self._shape),
            "range": [self._scale.low, self._scale.high],
            "network": self._network.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self._shape = dict(state["shape"])
        self._scale = GreyRange(*state["range"])
        with seeded(0, torch.device("cpu")):
            network, _ = self._build()
        network.load_state_dict(state["network"])
        self._network = network.eval().to(memory_format=torch.channels_last)
