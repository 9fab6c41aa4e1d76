"""What a run consists of: jobs with keys, and the cells that they fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.experiment.arms import Arm
from neuplug.experiment.config import ComposeConfig
from neuplug.registry import Provided
from neuplug.storage.store import hash_of


@dataclass(frozen=True)
class Job:
    """A piece of work with a key, described by plain data.

    Attributes:
        key: Hash of all that goes into it.
        kind: ``fit`` (a generator), ``draw``, ``augment``, ``train`` (a classifier), ``evaluate``.
        title: For people.
        needs: Keys of jobs whose results it reads.
        task: What to do, as JSON values.
        images: How many images it learns from, for estimates.
    """

    key: str
    kind: str
    title: str
    needs: tuple[str, ...]
    task: dict[str, Any]
    images: int = 0

    def cost_class(self) -> str:
        """Jobs of the same class cost about the same, whatever their seed and images."""
        component = self.task["component"]
        options, training = component["options"], self.task.get("training") or {}
        by_epochs = options.get("epochs") or training.get("epochs")
        images = self.images if by_epochs else None
        return hash_of(
            [self.kind, component["name"], options, training, images, self.task["imgsz"]]
        )


Pool = dict[str, list[Any]]
"""Class name to parts: ``{"real": [indices]}`` or ``{"made": key}``.

Behind a stage's filters also ``filter``, as the user wrote them.
"""

Sources = dict[str, list[dict[str, Any]]]
"""Class name to the fits that draw its images: ``{"fit": key, "component": …, "classes": …}``.

Behind a stage's filters also ``filters`` (kinds and levels), ``against`` (a digest of what must
not be copied), ``judge`` (the key of the classifier that is asked), and to apply them ``real``
(indices) and ``judged_by`` (the judge's ``key`` and ``component``).
"""


@dataclass(frozen=True)
class FitEntry:
    """Where a generator's fit belongs, for the report."""

    key: str
    arm: str
    stage: str
    class_name: str | None
    repeat: int
    run: int = 0


@dataclass(frozen=True)
class Cell:
    """One arm, classifier and repeat.

    Attributes:
        pool: The training set, by class.
        split: Its real images.
        evaluations: Evaluators' names with the keys of their jobs.
    """

    arm: Arm
    classifier: str
    repeat: int
    key: str
    pool: Pool
    split: Split
    evaluations: tuple[tuple[str, str], ...] = ()


@dataclass
class Plan:
    """All jobs of a run, in an order in which each comes after what it needs.

    Attributes:
        unchosen: Cells whose amount another was preferred to; their test stays unseen.
    """

    config: ComposeConfig
    dataset: Dataset
    arms: tuple[Arm, ...]
    components: tuple[Provided, ...]
    splits: list[Split] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    fits: list[FitEntry] = field(default_factory=list)
    unchosen: list[Cell] = field(default_factory=list)

    @property
    def leak(self) -> str:
        """What a given split has on two sides, where that was allowed; a sentence, or empty."""
        return self.splits[0].leak

    @property
    def has_validation(self) -> bool:
        """Whether there are validation images to choose by."""
        return bool(self.splits[0].val)

    @property
    def warnings(self) -> list[str]:
        """What a user must know of the data, their splits and amounts, each sentence once."""
        found = list(self.dataset.report.warnings(leaking=bool(self.leak)))
        found += [w for split in self.splits for w in split.warnings]
        amounts = len({arm.dose for arm in self.arms if arm.dose is not None})
        if amounts > 1 and not self.has_validation:
            found.append(
                f"With val = 0 no validation images choose among the {amounts} amounts: each is an "
                "arm of its own, scored on the test images, and all that add images count in the "
                "correction of the verdicts. The best of them on the test looks better than it is: "
                "report them all, or leave val = 0 out, and the amount is chosen without the test."
            )
        return list(dict.fromkeys(found))
