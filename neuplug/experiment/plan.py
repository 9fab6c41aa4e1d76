"""What a run consists of: tasks with keys, and the cells that they fill."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.experiment.arms import Arm, ConfiguredComponent
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.mixture import Mixture
from neuplug.experiment.results.parts import Provenance
from neuplug.experiment.tasks import AnyTask
from neuplug.plugins.spec import ComponentSpec


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
        unchosen: Cells whose amount another was preferred to; their test stays unseen.
        provenance: What each generator learns from, by the key of its fit.
    """

    config: ComposeConfig
    dataset: Dataset
    arms: tuple[Arm, ...]
    components: tuple[ComponentSpec, ...]
    reporters: tuple[ComponentSpec, ...] = ()
    executor: ConfiguredComponent | None = None
    splits: list[Split] = field(default_factory=list)
    tasks: dict[str, AnyTask] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    fits: list[FitEntry] = field(default_factory=list)
    unchosen: list[Cell] = field(default_factory=list)
    provenance: dict[str, Provenance] = field(default_factory=dict)

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
        amounts = len({arm.dose for arm in self.arms if arm.dose is not None})
        if amounts > 1 and not self.has_validation:
            found.append(
                f"With val = 0 there are no validation images to choose among the {amounts} "
                "amounts: each is an arm of its own, scored on the test images, and all that add "
                "images count in the correction of the verdicts. The best of them on the test "
                "images looks better than it is: report them all, or leave val = 0 out, so that "
                "the amount is chosen without the test images."
            )
        return list(dict.fromkeys(found))
