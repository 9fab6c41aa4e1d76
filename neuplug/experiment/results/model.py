"""The results of a run as a whole, and its curves, which are in a file of their own. Light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from neuplug.experiment.results import conclusions, parts
from neuplug.records import Record
from neuplug.training.metrics import Profile

# Raised when a file that an older neuplug has written is no longer read
FORMAT = 1


class RunResults(Record):
    """Everything that a run found: ``results.json``.

    Attributes:
        format: The number of this form of the file.
        neuplug: neuplug's version.
        request: The key of the question that the run answers: the same question has the same key.
        created: When, ISO 8601.
        command: How the run was asked for; empty in Python.
        name: Of the run.
        folder: Of the run, when it was written.
        config: The resolved settings, as in config.yaml.
        leak: What leaks from a given test part into the training part, where that was allowed.
        provenance: By the key of each generator's fit: which real images it goes back to, none of
            the test.
        arms: Those that were tested, none first.
        classifiers: Their names.
        profiles: By classifier what it costs.
        cells: Every single result.
        evaluators: By evaluator what it says of itself.
        curves: The file of curves, in the run's folder.
        warnings: Sentences that the reader must know, each once: of the run, then those of
            generators, filters and evaluators, and why an evaluator failed, with the arms and
            repeats for which they hold, those of controls last.

    Example:
        >>> found = neuplug.compose(data="PHOTOS", aug=["flip"], clf=["smallcnn"], repeats=2)
        >>> later = neuplug.read_results(found.folder)
        >>> later == found.results, len(later.cells)
        (True, 4)
    """

    format: Literal[1]
    neuplug: str
    request: str
    created: AwareDatetime
    command: str
    name: str
    folder: str
    config: dict[str, JsonValue]
    data: parts.Data
    leak: str | None
    provenance: dict[str, parts.Provenance]
    protocol: parts.Protocol
    arms: Annotated[tuple[parts.Arm, ...], Field(min_length=1)]
    classifiers: Annotated[tuple[str, ...], Field(min_length=1)]
    profiles: dict[str, Profile]
    cells: Annotated[tuple[parts.Cell, ...], Field(min_length=1)]
    summary: tuple[conclusions.Summary, ...]
    comparisons: tuple[conclusions.Comparison, ...]
    differences: tuple[conclusions.Difference, ...]
    doses: tuple[conclusions.Dose, ...]
    generators: tuple[parts.GeneratorFit, ...]
    filtered: tuple[parts.Filtered, ...]
    evaluations: tuple[parts.Evaluation, ...]
    evaluators: dict[str, parts.EvaluatorWords]
    curves: Literal["curves.json"]
    warnings: tuple[str, ...]
    cost: conclusions.Cost
    arm_costs: tuple[conclusions.ArmCost, ...]

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        """Whatever one part says of another is there."""
        arms = {arm.name for arm in self.arms}
        known = {"arm": arms, "against": arms, "classifier": {*self.classifiers}}
        known["evaluator"] = {*self.evaluators}
        for place, entry in self._entries():
            for name, present in known.items():
                said = getattr(entry, name, None)
                if said is not None and said not in present:
                    raise ValueError(f"{place}.{name} is {said!r}, and the run has none")
        for i, cell in enumerate(self.cells):
            sizes = {len(cell.test.confusion), *map(len, cell.test.confusion)}
            if sizes != {len(self.data.classes)}:
                raise ValueError(f"cells[{i}].test.confusion has another number of classes")
        chosen = [(d.family, d.classifier) for d in self.doses if d.chosen]
        for i, dose in enumerate(self.doses):
            if dose.amount and chosen.count((dose.family, dose.classifier)) != 1:
                raise ValueError(f"doses[{i}]: of {dose.family} not one amount is chosen")
        return self

    def _entries(self) -> Iterator[tuple[str, Record]]:
        """Everything that is of an arm or a classifier, with its place."""
        for name in (
            "cells", "summary", "comparisons", "differences", "generators", "filtered",
            "evaluations", "arm_costs",
        ):  # fmt: skip
            for i, entry in enumerate(getattr(self, name)):
                yield f"{name}[{i}]", entry

    # Finding things.

    @property
    def controls(self) -> set[str]:
        """The arms that add nothing new and are there to be compared with."""
        return {arm.name for arm in self.arms if arm.control}

    @property
    def sizes(self) -> dict[str, str]:
        """Arm name to ``10 per class``; empty where there is but one number of real images."""
        return {a.name: f"{a.per_class} per class" for a in self.arms if a.per_class is not None}

    @property
    def bare_names(self) -> dict[str, str]:
        """Arm name to what it is called where the number of real images stands beside it."""
        return {arm.name: arm.name if arm.per_class is None else arm.base for arm in self.arms}

    @property
    def means(self) -> dict[tuple[str, str, str, str | None], conclusions.Summary]:
        """(arm, classifier, metric, class or ``None`` for all) to the mean with its interval."""
        return {(s.arm, s.classifier, s.metric, s.class_name): s for s in self.summary}

    def accuracy(self, arm: str, classifier: str) -> conclusions.Summary | None:
        """The mean accuracy of an arm with a classifier, where it was tested with that."""
        return self.means.get((arm, classifier, "accuracy", None))

    def compared(self, question: conclusions.Question = "none") -> list[conclusions.Comparison]:
        """The comparisons that answer a question; by default those with ``none``."""
        return [c for c in self.comparisons if c.question == question]

    def cells_of(self, arm: str, classifier: str) -> list[parts.Cell]:
        """The cells of an arm and a classifier, by repeat."""
        own = (c for c in self.cells if (c.arm, c.classifier) == (arm, classifier))
        return sorted(own, key=lambda cell: cell.repeat)

    def tested(self, classifier: str) -> list[parts.Arm]:
        """The arms that ran with a classifier; of an arm's amounts the one chosen for it."""
        names = {cell.arm for cell in self.cells if cell.classifier == classifier}
        return [arm for arm in self.arms if arm.name in names]

    def same_as_baseline(self) -> list[tuple[str, str, str]]:
        """Arm, classifier and baseline where the arm has the very same classifiers as that."""
        keys: dict[tuple[str, str], dict[int, str]] = {}
        for cell in self.cells:
            keys.setdefault((cell.arm, cell.classifier), {})[cell.repeat] = cell.key
        against = {arm.name: arm.against for arm in self.arms}
        return [
            (arm, classifier, against[arm])
            for (arm, classifier), own in keys.items()
            if arm != against[arm] and own == keys.get((against[arm], classifier))
        ]


# (step, value)
Curve = tuple[tuple[float, float], ...]


class Curves(Record):
    """What went on in the trainings: ``curves.json``.

    Attributes:
        format: The number of this form of the file.
        classifiers: By the key of a cell: losses over steps, by name.
        generators: By the key of a fit: what the generator has noted, by name.
        units: By the key of a fit: what a curve is measured in, where it is not a loss.
        checkpoints: By the key of a fit: the distance to the training images of each generator that
            was kept.
    """

    format: Literal[1]
    classifiers: dict[str, dict[str, Curve]]
    generators: dict[str, dict[str, Curve]]
    units: dict[str, dict[str, str]]
    checkpoints: dict[str, Curve]
