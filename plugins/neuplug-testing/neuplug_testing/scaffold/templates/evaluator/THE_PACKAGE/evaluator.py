"""The component ``THE_NAME``."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from pydantic import Field
from torch import Tensor

from neuplug import (
    Evaluation,
    EvaluationContext,
    Evaluator,
    Metric,
    NeuplugError,
    Options,
    write_figure,
)


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
            Of brightness and contrast the ``shift``, (mean of the generated - mean of the real) /
            standard deviation of the real, and the ``spread``, the standard deviation of the
            generated over that of the real: for each class, and as means over the classes, of a
            shift's absolute value. The means of each class in grey levels, beside those of real
            images. A figure for each class.

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
            for measure in ours:
                levels = float(ours[measure].mean()), name, float(theirs[measure].mean())
                each.append(metric(measure, *levels, len(made), "grey levels"))
                compared = compare(ours[measure], theirs[measure])
                if compared is None:
                    warnings.append(f"{name}: all real images have the same {measure}.")
                    continue
                shift, spread = compared
                each.append(metric(f"{measure} shift", shift, name, 0.0, len(made)))
                each.append(metric(f"{measure} spread", spread, name, 1.0, len(made)))
            stem = context.folder / f"{label}-brightness-and-contrast"
            figures += write_figure(stem, draw(name, ours, theirs))
        return Evaluation((*overall(each), *each), tuple(figures), tuple(warnings))


def metric(
    name: str, value: float, class_name: str | None, real: float, n: int, unit: str = ""
) -> Metric:
    """A number of ``n`` generated images beside that of real ones."""
    return Metric(name, value, class_name=class_name, n=n, unit=unit, reference=real)


def overall(each: list[Metric]) -> list[Metric]:
    """The means over the classes, of a shift's absolute value."""
    found = []
    for name in dict.fromkeys(m.name for m in each if not m.unit):
        own = [m for m in each if m.name == name]
        mean = sum(abs(m.value) for m in own) / len(own)
        found.append(metric(name, mean, None, own[0].reference or 0.0, sum(m.n or 0 for m in own)))
    return found


def measures(images: Tensor) -> dict[str, Tensor]:
    """Brightness and contrast of each image, float32 (N,), in grey levels."""
    levels = images.flatten(1).float()
    return {"brightness": levels.mean(1), "contrast": levels.std(1, correction=0)}


def compare(ours: Tensor, theirs: Tensor) -> tuple[float, float] | None:
    """Shift and spread of one measure, or ``None`` where the real images do not differ in it.

    The shift is Glass's delta: "Primary, Secondary, and Meta-Analysis of Research", Educational
    Researcher, 1976.
    """
    deviation = theirs.std()
    if deviation < 1e-3:  # a thousandth of a grey level is rounding
        return None
    return float((ours.mean() - theirs.mean()) / deviation), float(ours.std() / deviation)


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
