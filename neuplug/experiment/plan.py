"""What a run consists of: tasks with keys, and the cells that they fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.errors import InputError
from neuplug.experiment.arms import Arm, Selection
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.decisive import Decisive, read_metric
from neuplug.experiment.parts import Provenance
from neuplug.experiment.tasks import AnyTask, Mixture, RealImages
from neuplug.training.devices import pick_device
from neuplug.training.options import TrainingOptions

_WITHOUT_GENERATED = {"mix": "together", "generated_share": 1.0, "generated_weight": 1.0}


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
        key: Of the training.
        mixture: The training set.
        split: Its real images.
        evaluations: Evaluators' names with the keys of their tasks.
    """

    arm: Arm
    classifier: str
    repeat: int
    key: str
    mixture: Mixture
    split: Split
    evaluations: tuple[tuple[str, str], ...] = ()


@dataclass
class Plan:
    """All tasks of a run, in an order in which each comes after what it needs.

    Attributes:
        config: What is asked.
        dataset: Without its given parts where the split is drawn anew.
        selection: The components that take part.
        arms: The selection's; of several amounts, once that can be said, those that are preferred.
        unchosen: Cells whose amount another was preferred to; their test stays unseen.
        provenance: What each generator learns from, by the key of its fit.
        notes: Sentences of components on their options.
        steps_found: What there is to say where the usual number of steps was too few.
        metric: What verdicts go by, and a sentence on that if it is not the usual.
        splits: Of the repeats so far.
        until: What the tasks lead up to, if not to the end of the run: a planned look.
        looked: What there is to say where the question was answered before, with other repeats.
    """

    config: ComposeConfig
    dataset: Dataset
    selection: Selection
    arms: tuple[Arm, ...]
    splits: list[Split] = field(default_factory=list)
    tasks: dict[str, AnyTask] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    fits: list[FitEntry] = field(default_factory=list)
    unchosen: list[Cell] = field(default_factory=list)
    provenance: dict[str, Provenance] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    steps_found: str = ""
    metric: tuple[Decisive, str] = (read_metric("accuracy"), "")
    until: str = ""
    looked: str = ""
    _digests: dict[tuple[int, ...], str] = field(default_factory=dict)

    def phases(self, arm: Arm, mixture: Mixture) -> Iterator[tuple[str, Mixture, TrainingOptions]]:
        """The trainings of an arm's classifiers in turn; each goes on from the one before.

        Args:
            arm: Whose they are.
            mixture: Its training set.

        Yields:
            Words for the phase, with a comma at the end, or nothing; what is learnt from, and how.

        Raises:
            InputError: If they need real images of every class, and the arm keeps none of one.
        """
        options, real = self.config.training, mixture.real()
        if not mixture.tasks:  # nothing is to be beside real images, as if that were not asked for
            options = options.model_copy(update=_WITHOUT_GENERATED)
        first, second = options.phases()
        lacking = [name for name, parts in real.parts.items() if not parts]
        if lacking and second.mix in ("beside", "real"):
            setting = "generated_first" if options.generated_first else f"mix={second.mix}"
            raise InputError(
                f"arm {arm.name} keeps no real images of {lacking[0]}, and training.{setting} "
                "needs some: leave replace, or a share of 1, out."
            )
        if first is not None:
            # an arm without real images learns from nothing else
            before = real if options.real_first and not lacking else mixture
            yield f"{'real' if options.real_first else 'generated'} images, ", before, first
        yield "", mixture, second

    def add(self, kind: type[AnyTask], label: str, **fields: Any) -> str:
        """Note a task once.

        Args:
            kind: Its type.
            label: For people.
            fields: What it has besides what all tasks of the plan share.

        Returns:
            Its key: the hash of what goes into it.
        """
        images = len(fields.get("mixture") or ())
        task = kind(label=label, images=images, **self._common, **fields)
        self.tasks.setdefault(task.key, task)
        return task.key

    @cached_property
    def _common(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset.key,
            "image_size": self.dataset.images.image_size,
            "device": pick_device(self.config.device).type,
        }

    def real(self, indices: Iterable[int]) -> RealImages:
        """Real images, with what they are for a key: pixels, not indices."""
        known = tuple(indices)
        if known not in self._digests:
            self._digests[known] = self.dataset.images.digest(known)
        return RealImages(indices=known, digest=self._digests[known])

    @property
    def leak(self) -> str:
        """What a given split has on two sides, where that was allowed; a sentence, or empty."""
        return self.splits[0].leak

    @property
    def has_validation(self) -> bool:
        """Whether there are validation images to choose by."""
        return bool(self.splits[0].val)

    @property
    def first_cells(self) -> list[Cell]:
        """One cell of the first repeat for each arm."""
        return list({c.arm.name: c for c in reversed(self.cells) if c.repeat == 0}.values())[::-1]

    @property
    def chooses_amounts(self) -> bool:
        """Whether an arm has several amounts, and validation images choose among them."""
        return self.has_validation and any(arm.dose is not None for arm in self.arms)

    def behind(self, key: str) -> dict[str, AnyTask]:
        """A task and all that it needs, directly or not, by key."""
        found: dict[str, AnyTask] = {}
        waiting = [key]
        while waiting:
            if (name := waiting.pop()) not in found:
                found[name] = self.tasks[name]
                waiting += self.tasks[name].needs
        return found

    @property
    def warnings(self) -> list[str]:
        """What a user must know of the data, their splits and amounts, each sentence once."""
        found = list(self.dataset.report.warnings(leaking=bool(self.leak)))
        found += [w for split in self.splits for w in split.warnings]
        told = (self.metric[1], self.steps_found, self.looked, *self.notes)
        found += filter(None, told)
        for spec in self.selection.components if self.config.recipe else ():
            found += [f"{spec.name} is that of {spec.source}, not of {o}." for o in spec.rivals()]
        amounts = len({arm.dose for arm in self.arms if arm.dose is not None})
        if amounts > 1 and not self.has_validation:
            found.append(
                f"With val = 0 there are no validation images to choose among the {amounts} "
                "amounts: each is an arm of its own, scored on the test images, and all that add "
                "images count in the correction of the verdicts. The best of them on the test "
                "images looks better than it is: report them all, or leave val = 0 out, so that "
                "the amount is chosen without the test images."
            )
        trained = {(c.arm.name, c.classifier, c.repeat): c.key for c in self.cells}
        for cell in self.cells:
            arm, baseline = cell.arm, cell.arm.baseline
            same = cell.key == trained.get((baseline, cell.classifier, cell.repeat))
            if same and arm.name != baseline and arm.dose is None:
                found.append(f"Arm {arm.name} adds no image: its results are those of {baseline}.")
        return list(dict.fromkeys(found))
