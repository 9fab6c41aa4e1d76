"""The component ``vae``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from neuplug import FitContext, FitRecord, InputError, LatentGenerator, TrainingSet, seeded
from neuplug_vae.drawing import draw
from neuplug_vae.model import ConvolutionalVAE
from neuplug_vae.objective import to_grey, to_unit
from neuplug_vae.options import VAEOptions
from neuplug_vae.training import ERROR, Trainer

CPU = torch.device("cpu")


class VAE(LatentGenerator):
    """Variational autoencoder (Kingma and Welling 2014), one for each class or conditional."""

    options_class: ClassVar[type[VAEOptions]] = VAEOptions
    quick_options: ClassVar[dict[str, Any]] = {"steps": 4, "batch": 4, "width": 4}
    sampling_options: ClassVar[frozenset[str]] = frozenset({"noise"})

    def __init__(self, options: VAEOptions | None = None) -> None:
        super().__init__(options)
        self._shape: dict[str, int] = {}
        self._network: ConvolutionalVAE | None = None
        self._error = 0.0

    @property
    def conditional(self) -> bool:
        """Whether one network draws all classes (option ``conditional``)."""
        return bool(self.options.conditional)

    @property
    def latent_dim(self) -> int:
        """Length of z (option ``latent_dim``)."""
        return int(self.options.latent_dim)

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse sizes beyond 28 to 256."""
        if not all(28 <= side <= 256 for side in image_size):
            raise InputError(
                "vae makes images from 28 to 256 pixels a side, not "
                f"{image_size[0]}x{image_size[1]}: choose another --imgsz."
            )

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Train on the set; see :class:`neuplug.Generator`.

        Raises:
            InputError: If there is no network for the size.
            TrainingDiverged: If the loss is no longer finite.
        """
        height, width = train.image_size
        self.check_images(train.channels, (height, width))
        self._shape = {
            "num_classes": len(train.classes) if self.conditional else 0,
            "in_chans": train.channels,
            "height": height,
            "width": width,
        }
        with seeded(context.seed, context.device):
            network = self._build().to(context.device)
        record = Trainer(network, train, self.options, context).run()
        self._error = record.curves[ERROR][-1][1]
        self._network = network.eval().requires_grad_(False)
        return record

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw one image for each label; see :class:`neuplug.Generator`.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        network = self._fitted()
        rng = torch.Generator().manual_seed(seed)
        latents = torch.randn(len(labels), self.latent_dim, generator=rng)
        noise = None
        if self.options.noise:
            shape = (self._shape["in_chans"], self._shape["height"], self._shape["width"])
            noise = self._error * torch.randn(len(labels), *shape, generator=rng)
        return draw(network, latents, labels, noise)

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Images of latents, with gradients; see :class:`neuplug.LatentGenerator`.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        network = self._fitted().to(latents.device)
        return to_grey(network.decode(latents, labels.to(latents.device)))

    def encode(self, images: Tensor, labels: Tensor) -> Tensor:
        """Latents of images: the means of the approximate posterior.

        Args:
            images: uint8 (N, C, H, W), of the size that it was fitted on.
            labels: int64 (N,), as for :meth:`sample`.

        Returns:
            float32 (N, ``latent_dim``), on the images' device.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        network = self._fitted().to(images.device)
        with torch.no_grad():
            mean, _ = network.encode(to_unit(images), labels.to(images.device))
        return mean

    def state_dict(self) -> dict[str, Any]:
        """The weights, the shape of the images and how far reconstructions are off.

        Raises:
            RuntimeError: If it was neither fitted nor loaded.
        """
        weights = {name: value.cpu() for name, value in self._fitted().state_dict().items()}
        return {"shape": dict(self._shape), "error": self._error, "weights": weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self._shape = dict(state["shape"])
        self._error = float(state["error"])
        with seeded(0, CPU):
            network = self._build()
        network.load_state_dict(state["weights"])
        self._network = network.eval().requires_grad_(False)

    def _fitted(self) -> ConvolutionalVAE:
        if self._network is None:
            raise RuntimeError("fit the generator, or load a state, first")
        return self._network

    def _build(self) -> ConvolutionalVAE:
        shape = self._shape
        size = (shape["height"], shape["width"])
        return ConvolutionalVAE(
            size, shape["in_chans"], self.latent_dim, self.options.width, shape["num_classes"]
        )
