"""The component ``THE_NAME``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure
from pydantic import Field
from torch import Tensor

from neuplug import Evaluation, EvaluationContext, Evaluator, Metric, NeuplugError, Options
from neuplug_figures.drawing import write_figure


class TheNameOptions(Options):
    """Options of ``THE_NAME``."""

    fewest: int = Field(
        10, ge=2, description="images of a class, generated or real, below which you are warned"
    )


class TheNameEvaluator(Evaluator):
    """Whether generated images are as bright and as rich in contrast as real test images."""

    options_class = TheNameOptions
    title = "Brightness and contrast"
    guide = (
        "The brightness of an image is the mean of its grey levels, its contrast their standard "
        "deviation. A shift of 0 says that generated images have it as real ones do on average; 1, "
        "that they are off by one standard deviation of the real ones. A spread below 1 says that "
        "they differ less from each other than real ones."
    )

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Measure generated images beside real test images; see :class:`neuplug.Evaluator`.

        Returns:
            The metrics of :func:`compare`, as means over the classes of their absolute values and
            for each class, with a figure of each class.

        Raises:
            NeuplugError: If nothing was generated.
        """
        assert context.generated is not None  # it is in needs
        if not len(context.generated):
            raise NeuplugError("THE_NAME has nothing to measure: no image was generated.")
        each: list[Metric] = []
        figures: list[Path] = []
        warnings: list[str] = []
        for label, name in enumerate(context.train.classes):
            made, real = (s.of_class(label).images for s in (context.generated, context.test))
            if not len(made):
                continue  # this class had no generator
            if min(len(made), len(real)) < 2:
                warnings.append(f"{name} is left out: two images of each kind are the least.")
                continue
            if min(len(made), len(real)) < self.options.fewest:
                warnings.append(
                    f"{name} has {len(made)} generated and {len(real)} real images, too few to "
                    "rely on its numbers."
                )
            ours, theirs = measures(made), measures(real)
            each += compare(name, ours, theirs)
            stem = context.folder / f"{label}-brightness-and-contrast"
            figures += write_figure(stem, draw(name, ours, theirs))
        return Evaluation((*overall(each), *each), tuple(figures), tuple(warnings))


def measures(images: Tensor) -> dict[str, Tensor]:
    """Brightness and contrast of each image, float32 (N,), in grey levels."""
    levels = images.flatten(1).float()
    return {"brightness": levels.mean(1), "contrast": levels.std(1, correction=0)}


def compare(name: str, ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> Iterator[Metric]:
    """Of one class how each measure of generated images is distributed beside that of real ones.

    Yields:
        The ``shift``, (mean of the generated - mean of the real) / standard deviation of the real,
        which is Glass's delta ("Primary, Secondary, and Meta-Analysis of Research", Educational
        Researcher, 1976), and the ``spread``, the standard deviation of the generated over that of
        the real. Real images that hardly differ count as if they did by one grey level.
    """
    for measure, made in ours.items():
        real = theirs[measure]
        deviation = real.std().clamp(min=1)
        shift = float((made.mean() - real.mean()) / deviation)
        spread = float(made.std() / deviation)
        yield Metric(f"{measure} shift", shift, class_name=name, n=len(made), reference=0)
        yield Metric(f"{measure} spread", spread, class_name=name, n=len(made), reference=1)


def overall(each: list[Metric]) -> Iterator[Metric]:
    """The means of the metrics' absolute values over the classes."""
    for name in dict.fromkeys(m.name for m in each):
        own = [m for m in each if m.name == name]
        mean = sum(abs(m.value) for m in own) / len(own)
        yield replace(own[0], value=mean, class_name=None, n=sum(m.n or 0 for m in own))


def draw(name: str, ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> Figure:
    """The distribution of each measure over the images of one class."""
    figure = Figure(figsize=(7, 3))  # pyplot would keep global state
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.18, top=0.88, wspace=0.25)
    figure.suptitle(name, parse_math=False)
    for axes, measure in zip(figure.subplots(1, len(ours)), ours, strict=True):
        for label, found in (("generated", ours[measure]), ("real", theirs[measure])):
            axes.ecdf(found.numpy(), label=f"{label}, n = {len(found)}")
        axes.set_xlabel(f"{measure}, grey levels")
        axes.set_ylabel("share of images below")
        axes.legend(loc="lower right")  # where such curves leave room
    return figure
