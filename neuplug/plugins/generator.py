"""Generators: learn from images and draw new ones. Loads no torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from neuplug.plugins.component import ComponentBase

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from neuplug.data.imageset import TrainingSet


class Progress(Protocol):
    """Called while long work goes on."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Say that ``done`` of ``total`` steps are through; ``note`` is a short live figure."""


def silent(done: int, total: int, note: str = "") -> None:
    """The progress that nobody is told of."""


class Checkpoint:
    """Where interrupted work finds itself again. This one forgets; the core passes one that keeps.

    ``save`` takes a tree of dicts, lists, tensors, numbers, strings and ``None``, such as
    ``{"step": 100, "model": model.state_dict(), "optimizer": optimizer.state_dict()}``.
    """

    def save(self, tree: Mapping[str, Any]) -> None:
        """Keep ``tree``, replacing what was kept before, never leaving half of it."""

    def load(self) -> dict[str, Any] | None:
        """What was kept last, or ``None``."""
        return None


@dataclass(frozen=True)
class FitContext:
    """What a generator is given besides its images.

    Attributes:
        device: Where to train; results must be on the CPU.
        seed: The source of all randomness.
        name: What is being fitted, for messages, for example ``dcgan for crazing``.
        progress: To be called now and then.
        checkpoint: To be saved now and then and loaded at the start.
        start: The state that :meth:`Generator.pretrain` left, to go on from, if it was called.
    """

    device: torch.device
    seed: int
    name: str = "generator"
    progress: Progress = silent
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    start: Mapping[str, Any] | None = None


@dataclass
class FitRecord:
    """What happened in a fit, for the report.

    Attributes:
        curves: Name to (step, value) pairs; a value is finite.
        units: Name of a curve to what it is measured in, such as ``probability``, unless it is a
            loss: curves of one unit share a scale, so every other unit is drawn apart from losses.
        grids: (step, uint8 (N, C, H, W)): the same fixed noise drawn at several steps.
        warnings: Sentences that the user must see, such as a collapse of diversity.
        checkpoints: (step, distance to the training images) of each generator that was kept;
            the smallest distance is the best one.
        epoch_steps: Steps in an epoch, where the length of the training was given in epochs.
    """

    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    grids: list[tuple[int, Tensor]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    checkpoints: list[tuple[int, float]] = field(default_factory=list)
    epoch_steps: int | None = None
    units: dict[str, str] = field(default_factory=dict)


class Generator(ComponentBase):
    """Learns from images and draws new ones.

    Attributes:
        sampling_options: Options that matter to :meth:`sample` alone, such as which checkpoint to
            draw from: arms that differ in these share one fit.
    """

    sampling_options: ClassVar[frozenset[str]] = frozenset()

    @property
    def conditional(self) -> bool:
        """Whether one fit serves all classes. By default the core fits one for each class."""
        return False

    @property
    def pretrains(self) -> bool:
        """Whether the fits of single classes start from a :meth:`pretrain` on all of them."""
        return False

    def pretrain(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Learn from the images of all classes what the fit of each class can start from.

        Called if :attr:`pretrains`, on an object of its own. What :meth:`state_dict` then returns
        is ``context.start`` in the fit of each class.
        """
        raise NotImplementedError

    @abstractmethod
    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Learn from ``train``: the images of one class, or of all if ``conditional``.

        Raises:
            InputError: If they are too few for it; a class may have a single one.
            TrainingDiverged: If a loss is no longer finite.
        """

    @abstractmethod
    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw one image for each label, the same ones for the same seed.

        Args:
            labels: int64 (N,), N from 0, indices into the classes of the set it was fitted on.
            seed: The only source of randomness.

        Returns:
            uint8 (N, C, H, W) on the CPU.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """All that :meth:`sample` needs, as a tree of tensors, numbers and strings."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; then :meth:`sample` works."""


class LatentGenerator(Generator):
    """A generator that draws an image from a point in a latent space, differentiably."""

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """Length of a latent vector; :meth:`sample` draws it from a standard normal."""

    @abstractmethod
    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Images of latents, with gradients; each depends on its own latent and label alone.

        Args:
            latents: float32 (N, ``latent_dim``), N from 0.
            labels: int64 (N,), as for :meth:`sample`.

        Returns:
            float32 (N, C, H, W) in grey levels, 0-255, on the latents' device: of latents from a
            standard normal, images such as :meth:`sample` draws.
        """
