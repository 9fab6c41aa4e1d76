"""Fitted generators as sources of a class's images, behind the filters of their stage."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neuplug.data.dataset import Dataset
from neuplug.errors import NeuplugError
from neuplug.experiment.filtering import COPIES, Accept, agreeing, draw_accepted, no_copies
from neuplug.experiment.grammar import Filter
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.steps.components import check_images, load_component
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.train import load_trained
from neuplug.experiment.tasks import ComponentRef, Trained
from neuplug.experiment.tasks import Source as Described
from neuplug.plugins.evaluator import ClassGenerator
from neuplug.plugins.generator import Generator
from neuplug.seeds import derive_seed
from neuplug.training.fitted import FittedClassifier


@dataclass(frozen=True)
class Source(ClassGenerator):
    """A fitted generator as the source of one class, behind the filters of its stage.

    Attributes:
        reference: The generator.
        name: The class.
        shape: (C, H, W) of an image.
        how: Its filters, as the user writes them.
        accept: One condition for each of them; none lets every image pass.
    """

    reference: ComponentRef
    name: str
    shape: tuple[int, ...]
    how: str
    accept: tuple[Accept, ...]

    def sample(self, n: int, seed: int) -> Tensor:
        """Draw ``n`` images of the class that pass; see :meth:`neuplug.ClassGenerator.sample`."""
        images, drawn = self.draw(n, seed)
        if len(images) < n:
            raise NeuplugError(
                f"filter={self.how} let {len(images)} of {drawn} images of {self.name} pass, "
                f"but {n} are needed: too few to evaluate the arm."
            )
        return images

    def draw(self, n: int, seed: int) -> tuple[Tensor, int]:
        """Draw until ``n`` images pass the filters, or too many have been drawn.

        Returns:
            At most ``n`` images, uint8 (N, C, H, W), and how many were drawn for them.

        Raises:
            PluginError: If the generator fails.
        """
        if n == 0:
            return torch.empty((0, *self.shape), dtype=torch.uint8), 0

        def one_draw(count: int, number: int) -> Tensor:
            return self._draw_all(count, derive_seed(seed, "draw", number) if number else seed)

        return draw_accepted(one_draw, n, self.accept)

    def _draw_all(self, n: int, seed: int) -> Tensor:
        with named_faults(self.reference):
            images = super().sample(n, seed)
            check_images(images, (n, *self.shape))
        return images


class SourceOpener:
    """Opens sources of one data set; what several of them share is loaded once.

    Args:
        context: Where the fits are.
        dataset: What they learned from.
    """

    def __init__(self, context: TaskContext, dataset: Dataset) -> None:
        self.context, self.dataset = context, dataset
        self._generators: dict[str, Generator] = {}
        self._judges: dict[str, FittedClassifier] = {}

    def open(self, described: Described, name: str) -> Source:
        """The source of a class.

        Args:
            described: What the task says of it.
            name: The class.
        """
        generator = self._generator(described)
        filters = tuple(Filter(*each) for each in described.filters)
        return Source(
            generator,
            described.classes.index(name),
            reference=described.component,
            name=name,
            shape=tuple(self.dataset.images.images.shape[1:]),
            how="/".join(map(str, filters)),
            accept=tuple(self._accept(each, described, name) for each in filters),
        )

    def _generator(self, described: Described) -> Generator:
        key, reference = described.task, described.component
        if key not in self._generators:
            generator: Generator = load_component(reference)
            with named_faults(reference):
                generator.load_state_dict(self.context.tree(key, "state"))
            self._generators[key] = generator
        return self._generators[key]

    def _accept(self, wanted: Filter, described: Described, name: str) -> Accept:
        images = self.dataset.images
        if wanted.kind == COPIES:
            return no_copies(images.subset(described.real.indices).images, wanted.level)
        assert described.judge is not None
        judge: Trained = described.judge
        if judge.task not in self._judges:
            self._judges[judge.task] = load_trained(self.context, judge, self.dataset)
        classify = self._judges[judge.task].classify

        def predict(some: Tensor) -> Tensor:
            with named_faults(judge.component):
                return classify(some)

        return agreeing(predict, images.classes.index(name), wanted.level)
