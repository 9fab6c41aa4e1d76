"""From a configuration to jobs: which sets, fits and cells there are, and what each depends on.

Planning is cheap and complete: every job's key is known before anything is trained, so the store
can say what is there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split
from neuplug.errors import InputError
from neuplug.experiment.arms import Arm, Chosen, Group, Selection
from neuplug.experiment.blame import blame
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.identity import identity
from neuplug.experiment.store import hash_of
from neuplug.interfaces import Generator
from neuplug.registry import Provided, Registry
from neuplug.seeds import derive_seed


@dataclass(frozen=True)
class Job:
    """A piece of work with a key, described by plain data.

    Attributes:
        key: Hash of all that goes into it.
        kind: ``fit`` (a generator), ``draw``, ``augment``, ``train`` (a classifier), ``evaluate``.
        title: For people.
        needs: Keys of jobs whose results it reads.
        task: What to do, as JSON values.
    """

    key: str
    kind: str
    title: str
    needs: tuple[str, ...]
    task: dict[str, Any]

    def cost_class(self) -> str:
        """Jobs of the same class cost about the same, whatever their seed and images."""
        component = self.task["component"]
        about = [component["name"], component["options"], self.task.get("training")]
        return hash_of([self.kind, *about, self.task["imgsz"]])


Pool = dict[str, list[Any]]
"""Class name to parts: ``{"real": [indices]}`` or ``{"made": key}``."""


@dataclass(frozen=True)
class FitEntry:
    """Where a generator's fit belongs, for the report."""

    key: str
    arm: str
    stage: str
    class_name: str | None
    repeat: int


@dataclass(frozen=True)
class Cell:
    """One arm, classifier and repeat.

    Attributes:
        pool: The training set, by class.
        evaluations: Evaluators' names with the keys of their jobs.
    """

    arm: Arm
    classifier: str
    repeat: int
    key: str
    pool: Pool
    evaluations: tuple[tuple[str, str], ...] = ()


@dataclass
class Plan:
    """All jobs of a run, in an order in which each comes after what it needs."""

    config: ComposeConfig
    dataset: Dataset
    arms: tuple[Arm, ...]
    components: tuple[Provided, ...]
    splits: list[Split] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    fits: list[FitEntry] = field(default_factory=list)


def make_plan(config: ComposeConfig, dataset: Dataset, registry: Registry) -> Plan:
    """Plan a run.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """
    return _Planner(config, dataset, registry).plan()


class _Planner:
    def __init__(self, config: ComposeConfig, dataset: Dataset, registry: Registry) -> None:
        self.config, self.dataset = config, dataset
        self.digests: dict[tuple[int, ...], str] = {}
        self.selection = Selection(config, registry)
        self.out = Plan(config, dataset, self.selection.arms, self.selection.components)

    def plan(self) -> Plan:
        config = self.config
        for repeat in range(config.repeats):
            split = draw_split(
                self.dataset,
                per_class=config.per_class,
                test=config.test,
                val=config.val,
                seed=config.seed,
                repeat=repeat,
            )
            self.out.splits.append(split)
            for arm in self.out.arms:
                self._plan_arm(arm, split, repeat)
        return self.out

    def _plan_arm(self, arm: Arm, split: Split, repeat: int) -> None:
        labels = self.dataset.images.labels
        pool: Pool = {
            name: [{"real": [i for i in split.train if int(labels[i]) == label]}]
            for label, name in enumerate(self.dataset.images.classes)
        }
        sizes = {name: len(parts[0]["real"]) for name, parts in pool.items()}
        drawn: Pool = {}
        for group in arm.groups:
            if group.amount is None:
                break
            wanted = {name: group.amount.images(size) for name, size in sizes.items()}
            if not any(wanted.values()) and group.amount.keeps:
                continue
            self._refuse_empty(arm, sizes)
            make = self._generate if group.generates else self._augment
            made = make(arm, group, pool, wanted, repeat)
            if group.generates:
                drawn = {name: [*drawn.get(name, []), *parts] for name, parts in made.items()}
            keeps = group.amount.keeps
            pool = {n: [*(p if keeps else []), *made[n]] for n, p in pool.items()}
            sizes = {n: wanted[n] + (sizes[n] if keeps else 0) for n in sizes}
        self._refuse_empty(arm, sizes)
        evaluations = self._evaluate(None, None, drawn, split, repeat)
        for classifier in self.selection.classifiers:
            self._train(arm, classifier, pool, split, repeat, drawn, evaluations)

    def _refuse_empty(self, arm: Arm, sizes: Mapping[str, int]) -> None:
        for name, size in sizes.items():
            if size == 0:
                raise InputError(f"arm {arm.name} leaves class {name} without training images.")

    def _add(
        self, kind: str, title: str, identity: dict[str, Any], needs: list[str], **extra: Any
    ) -> str:
        """Note a job once; ``extra`` is needed to do it but says nothing new about its result."""
        key = hash_of([kind, identity])
        if key not in self.out.jobs:
            size = self.dataset.images.image_size
            task = {**identity, **extra, "dataset": self.dataset.key, "imgsz": size}
            self.out.jobs[key] = Job(key, kind, title, tuple(dict.fromkeys(needs)), task)
        return key

    def _digest(self, parts: list[Any]) -> list[str]:
        """What a class's part of a pool is, for a key: pixels, not indices."""
        return [p["made"] if "made" in p else self._pixels(p["real"]) for p in parts]

    def _pixels(self, indices: list[int]) -> str:
        known = tuple(indices)
        if known not in self.digests:
            self.digests[known] = self.dataset.images.digest(indices)
        return self.digests[known]

    def _generate(
        self, arm: Arm, group: Group, pool: Pool, wanted: Mapping[str, int], repeat: int
    ) -> Pool:
        chosen = group.chosen[0]
        generator = chosen.make()
        assert isinstance(generator, Generator)
        with blame(identity(chosen.provided)):
            together = list(pool) if generator.conditional else None
        made: Pool = {name: [] for name in pool}
        for name in pool:
            if wanted[name] == 0:
                continue
            classes = together or [name]
            seed = derive_seed(self.config.seed, "fit", chosen.name, *classes, repeat)
            role = f"{chosen.name}, repeat {repeat + 1}"
            fit = self._add(
                "fit",
                f"{role}" if together else f"{role}, {name}",
                {
                    "component": chosen.reference(),
                    "classes": classes,
                    "set": {c: self._digest(pool[c]) for c in classes},
                    "seed": seed,
                },
                _made(pool, classes),
                pool={c: pool[c] for c in classes},
            )
            entry = FitEntry(fit, arm.name, group.name, None if together else name, repeat)
            if entry not in self.out.fits:
                self.out.fits.append(entry)
            draw = self._add(
                "draw",
                f"images of {role}, {name}",
                {"fit": fit, "class": name, "n": wanted[name], "seed": derive_seed(seed, name)},
                [fit],
                component=chosen.reference(),
                classes=classes,
            )
            made[name] = [{"made": draw}]
        return made

    def _augment(
        self, arm: Arm, group: Group, pool: Pool, wanted: Mapping[str, int], repeat: int
    ) -> Pool:
        made: Pool = {}
        for name in pool:
            seed = derive_seed(self.config.seed, "augment", group.name, name, repeat)
            key = self._add(
                "augment",
                f"{group.name}, repeat {repeat + 1}, {name}",
                {
                    "components": [c.reference() for c in group.chosen],
                    "class": name,
                    "set": {name: self._digest(pool[name])},
                    "n": wanted[name],
                    "seed": seed,
                },
                _made(pool, [name]),
                pool={name: pool[name]},
            )
            made[name] = [{"made": key}]
        return made

    def _train(
        self,
        arm: Arm,
        classifier: Chosen,
        pool: Pool,
        split: Split,
        repeat: int,
        drawn: Pool,
        evaluations: tuple[tuple[str, str], ...],
    ) -> None:
        online = arm.online
        key = self._add(
            "train",
            f"{classifier.name} on {arm.name}, repeat {repeat + 1}",
            {
                "component": classifier.reference(),
                "training": self.config.training.model_dump(mode="json"),
                "online": [c.reference() for c in online.chosen] if online else [],
                "set": {name: self._digest(parts) for name, parts in pool.items()},
                "val": self._pixels(split.val),
                "test": self._pixels(split.test),
                "classes": list(pool),
                "seed": derive_seed(self.config.seed, "train", classifier.name, repeat),
            },
            _made(pool, list(pool)),
            pool=pool,
            indices={"val": split.val, "test": split.test},
        )
        evaluations += self._evaluate(classifier, key, drawn, split, repeat)
        self.out.cells.append(Cell(arm, classifier.name, repeat, key, pool, evaluations))

    def _evaluate(
        self,
        classifier: Chosen | None,
        cell: str | None,
        drawn: Pool,
        split: Split,
        repeat: int,
    ) -> tuple[tuple[str, str], ...]:
        """Evaluators of a generated set (no cell), or of a cell's predictions."""
        found = []
        for evaluator in self.selection.evaluators:
            needs: frozenset[str] = getattr(evaluator.provided.load(), "needs", frozenset())
            if ("logits" in needs) != (cell is not None) or ("generated" in needs and not drawn):
                continue
            key = self._add(
                "evaluate",
                f"{evaluator.name}, repeat {repeat + 1}",
                {
                    "component": evaluator.reference(),
                    "cell": cell,
                    "classes": list(self.dataset.images.classes),
                    "generated": {n: self._digest(p) for n, p in drawn.items()},
                    "train": self._pixels(split.train),
                    "test": self._pixels(split.test),
                    "seed": derive_seed(self.config.seed, "evaluate", evaluator.name, repeat),
                },
                [*_made(drawn, list(drawn)), *([cell] if cell else [])],
                drawn=drawn,
                indices={"train": split.train, "test": split.test},
            )
            found.append((evaluator.name, key))
        return tuple(found)


def _made(pool: Pool, names: list[str]) -> list[str]:
    return [part["made"] for name in names for part in pool[name] if "made" in part]
