"""A network with what it needs to take uint8 images, before, during and after its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neuplug.data.imageset import ImageSet
from neuplug.plugins.component import Classifier
from neuplug.seeds import seeded

PREDICT_BATCH = 256


class FittedClassifier:
    """A trained network with what it needs to take uint8 images.

    Args:
        module: Maps normalised images to logits.
        mean: Pixel mean in 0-1, one for each channel.
        std: Pixel standard deviation, likewise.
        channels: Image channels that the network takes.

    Example:
        >>> photos = torch.randint(0, 256, (8, 1, 32, 32), dtype=torch.uint8)
        >>> images = neuplug.training_set(photos, ["rust", "dent"] * 4)
        >>> smallcnn, context = neuplug.load("smallcnn"), neuplug.FitContext(torch.device("cpu"), 0)
        >>> options = neuplug.TrainingOptions(steps=2)
        >>> fitted, _ = neuplug.fit_classifier(smallcnn, images, options, context)
        >>> fitted.predict(images).shape, fitted.embed(photos).shape
        (torch.Size([8, 2]), torch.Size([8, 128]))
        >>> state, size = fitted.state_dict(), images.image_size
        >>> again = neuplug.FittedClassifier.load(smallcnn, state, 2, size, context.device)
        >>> torch.equal(again.classify(photos), fitted.classify(photos))
        True
    """

    def __init__(self, module: nn.Module, mean: Tensor, std: Tensor, channels: int) -> None:
        self.module = module
        self.mean = mean
        self.std = std
        self.channels = channels

    def prepare(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) to normalised float32, grey repeated where RGB is needed.

        Example:
            >>> network, mean, std = torch.nn.Identity(), torch.tensor([0.5]), torch.tensor([0.25])
            >>> fitted = neuplug.FittedClassifier(network, mean, std, channels=1)
            >>> fitted.prepare(torch.tensor([[[[0, 255]]]], dtype=torch.uint8)).tolist()
            [[[[-2.0, 2.0]]]]
        """
        if images.shape[1] == 1 and self.channels == 3:
            images = images.expand(-1, 3, -1, -1)
        scaled = images.to(self.mean.device).float().div_(255)
        scaled = scaled.sub_(self.mean.view(1, -1, 1, 1)).div_(self.std.view(1, -1, 1, 1))
        return scaled.contiguous(memory_format=torch.channels_last)

    def embed(self, images: Tensor) -> Tensor:
        """Features of uint8 images (N, C, H, W): float32 (N, F), on the CPU."""
        return self._of_batches(self.features, images)

    def classify(self, images: Tensor) -> Tensor:
        """Logits of uint8 images (N, C, H, W): float32 (N, classes), on the CPU."""
        return self._of_batches(lambda batch: self.module(self.prepare(batch)), images)

    def classify_features(self, features: Tensor) -> Tensor:
        """Logits of features (N, F) of a network that has ``forward_head``; see :meth:`classify`.

        Example:
            >>> resnet18 = neuplug.load("resnet18").build(2, 3, (32, 32))
            >>> mean = std = torch.full((3,), 0.5)
            >>> fitted = neuplug.FittedClassifier(resnet18, mean, std, channels=3)
            >>> photos = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
            >>> torch.equal(fitted.classify_features(fitted.embed(photos)), fitted.classify(photos))
            True
        """
        network: Any = self.module
        return self._of_batches(network.forward_head, features.to(self.mean.device))

    def features(self, images: Tensor) -> Any:
        """Features of one batch, as :meth:`embed` has them: a tensor on the network's device.

        Example:
            >>> resnet18, mean = neuplug.load("resnet18").build(2, 1, (32, 32)), torch.zeros(1)
            >>> fitted = neuplug.FittedClassifier(resnet18, mean, mean + 1, channels=1)
            >>> fitted.features(torch.zeros(4, 1, 32, 32, dtype=torch.uint8)).shape
            torch.Size([4, 512])
        """
        network: Any = self.module.eval()
        return network.forward_features(self.prepare(images))

    def has_frozen_trunk(self, image: Tensor) -> bool:
        """Whether no step of a training changes features; see :meth:`neuplug.Classifier.build`.

        Args:
            image: uint8 (1, C, H, W): what its features depend on is looked at.

        Example:
            >>> resnet18, mean = neuplug.load("resnet18").build(2, 1, (32, 32)), torch.zeros(1)
            >>> fitted = neuplug.FittedClassifier(resnet18, mean, mean + 1, channels=1)
            >>> photo = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
            >>> before = fitted.has_frozen_trunk(photo)
            >>> for name, parameter in resnet18.named_parameters():
            ...     there = parameter.requires_grad_(name in ("fc.weight", "fc.bias"))
            >>> before, fitted.has_frozen_trunk(photo)
            (False, True)
        """
        return hasattr(self.module, "forward_head") and not self.features(image).requires_grad

    @torch.no_grad()
    def _of_batches(self, network: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
        self.module.eval()
        return torch.cat([network(batch).float().cpu() for batch in inputs.split(PREDICT_BATCH)])

    def predict(self, images: ImageSet, indices: Sequence[int] | None = None) -> Tensor:
        """Classify images, a batch at a time, so a memory-mapped set is never whole in memory.

        Args:
            images: A set.
            indices: Only these of its images; by default all.

        Returns:
            Logits, float32 (N, classes), on the CPU.

        Raises:
            TypeError: If ``images`` is no set.
        """
        if not isinstance(images, ImageSet):
            raise TypeError(
                f"predict takes a neuplug.ImageSet, not {type(images).__name__}: classify takes a "
                "tensor of images"
            )
        everything = range(len(images)) if indices is None else indices
        parts = torch.as_tensor(everything, dtype=torch.int64).split(PREDICT_BATCH)
        return torch.cat([self.classify(images.images[part]) for part in parts])

    def state_dict(self) -> dict[str, Any]:
        """Weights, normalisation and image channels."""
        return {
            "module": self.module.state_dict(),
            "mean": self.mean,
            "std": self.std,
            "channels": self.channels,
        }

    @classmethod
    def load(
        cls,
        classifier: Classifier,
        state: Mapping[str, Any],
        num_classes: int,
        image_size: tuple[int, int],
        device: torch.device,
    ) -> FittedClassifier:
        """The classifier that :meth:`state_dict` described, on ``device``."""
        with seeded(0, torch.device("cpu")):
            module = classifier.build(num_classes, state["channels"], image_size)
        module.load_state_dict(state["module"])
        module = module.to(device).to(memory_format=torch.channels_last)
        return cls(module, state["mean"].to(device), state["std"].to(device), state["channels"])
