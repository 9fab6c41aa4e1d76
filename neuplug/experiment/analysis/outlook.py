"""What a run can be expected to find, said before anything is trained."""

from __future__ import annotations

from neuplug.experiment.analysis.statistics import enough, noncentrality
from neuplug.experiment.analysis.variance import ErrorParts, errors
from neuplug.experiment.looks import counted, planned_looks
from neuplug.experiment.plan import Plan
from neuplug.experiment.summary.wording import needed

# What one repeat, one test image, and one image in one repeat add to the squared error of a
# difference where four of five test images are classified rightly: docs/how-it-works.md
REPEAT, IMAGE, REST = 0.001, 0.005, 0.19


def outlook(plan: Plan) -> list[str]:
    """What differences to ``none`` a run can find; nothing where that cannot be said.

    Before anything is trained, nothing is known but the number of repeats and of test images. The
    errors are taken from a run in which four of five images are classified rightly; of the loss,
    AUROC and what single classes get, none are known.
    """
    look, metric = planned_looks(plan.config.repeats)[-1], plan.metric[0]
    asked = {arm.family for arm in plan.arms if arm.name != arm.baseline}
    family, n = len(asked) * len(plan.selection.classifiers), look.repeats
    if n == 1 or not family or metric.class_name or metric.score in ("loss", "auroc"):
        return []
    counts = plan.dataset.images.counts(plan.splits[0].test).values()
    images = sum(counts) if metric.score == "accuracy" else len(counts) * min(counts)
    level, margin, rest = look.level / family, plan.config.margin, REST / (n * images)
    own = ErrorParts(REPEAT / n + rest, IMAGE / images + rest, rest, n, images - 1.0)
    error = errors([own] * family)[0]
    found = noncentrality(error.freedom, level) * error.standard
    need = needed(*enough(own, margin, margin, level, images))
    takes = f"about {need}" if need else "both more repeats and more test images"
    more = f"; {100 * margin:g} points would take {takes}" * (found > margin)
    return [
        f"Where four of five are classified rightly, {counted(plan.config.repeats)} of {images} "
        f"test images find differences of about {100 * found:.0f} points in 80 of 100 cases{more}."
    ]
