"""From a configuration to jobs: which sets, fits and cells there are, and what each depends on.

Planning is cheap and complete: every job's key is known before anything is trained, so the store
can say what is there already.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.arms import Arm, Chosen, Group, Selection
from neuplug.experiment.blame import blame
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.filtering import AGREEMENT, COPIES
from neuplug.experiment.grammar import Amount
from neuplug.experiment.identity import identity
from neuplug.experiment.plan import Cell, FitEntry, Job, Plan, Pool, Sources
from neuplug.experiment.store import hash_of
from neuplug.interfaces import Generator
from neuplug.registry import Registry
from neuplug.seeds import derive_seed
from neuplug.training_options import TrainingOptions


def make_plan(config: ComposeConfig, dataset: Dataset, registry: Registry) -> Plan:
    """Plan a run.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """
    return _Planner(config, dataset, registry).plan()


@dataclass(frozen=True)
class _Case:
    """An arm within a repeat."""

    arm: Arm
    repeat: int
    split: Split


@dataclass
class _Made:
    """What an arm's generators have drawn so far, and from which fits."""

    images: Pool = field(default_factory=dict)
    sources: Sources = field(default_factory=dict)


class _Planner:
    def __init__(self, config: ComposeConfig, dataset: Dataset, registry: Registry) -> None:
        if config.resplit:
            dataset = dataclasses.replace(dataset, splits=(None,) * len(dataset))
        self.config, self.dataset = config, dataset
        self.digests: dict[tuple[int, ...], str] = {}
        self.selection = Selection(config, registry)
        self.embedders: dict[tuple[str, int], tuple[str, Chosen]] = {}
        self.out = Plan(config, dataset, self.selection.arms, self.selection.components)

    def plan(self) -> Plan:
        config = self.config
        self._refuse_unknown_classes()
        for repeat in range(config.repeats):
            splits = self._splits(repeat)
            self.out.splits.append(list(splits.values())[-1])
            for arm in self.out.arms:
                self._plan_arm(_Case(arm, repeat, splits[arm.per_class]))
        return self.out

    def _splits(self, repeat: int) -> dict[int | None, Split]:
        """A split for each number of real images, the largest last; the test is common to all."""
        config, found = self.config, {}
        for number in config.subsets():
            split = draw_split(
                self.dataset,
                per_class=number or (config.per_class[0] if config.per_class else None),
                test=config.test,
                val=config.val,
                allow_leak=config.allow_leak,
                seed=config.seed,
                repeat=repeat,
            )
            found[number] = self._limited(split, repeat)
        common = set.intersection(*(set(split.test) for split in found.values()))
        return {number: _with_test(split, common) for number, split in found.items()}

    def _refuse_unknown_classes(self) -> None:
        classes = self.dataset.images.classes
        # a recipe speaks of all classes of its paper, whichever are there
        named = [] if self.config.recipe else [("limit", name) for name in self.config.limit]
        for arm in self.out.arms:
            for group in arm.groups:
                named += [(f"arm {arm.name}: only", name) for name in group.only]
                named += [(f"arm {arm.name}: except", name) for name in group.spared]
        for where, name in named:
            if name not in classes:
                hint = did_you_mean(name, classes)
                raise InputError(
                    f"{where}: there is no class {name!r}.{hint} There are: {', '.join(classes)}."
                )

    def _limited(self, split: Split, repeat: int) -> Split:
        """The split with at most so many training images of a class as the user wants."""
        if not self.config.limit:
            return split
        labels, train = self.dataset.images.labels, []
        for label, name in enumerate(self.dataset.images.classes):
            rng = random.Random(derive_seed(self.config.seed, "limit", name, repeat))
            members = [i for i in split.train if int(labels[i]) == label]
            # of random's functions only random() gives the same in every Python
            order = sorted(members, key=lambda _, rng=rng: rng.random())  # type: ignore[misc]
            train += order[: self.config.limit.get(name)]
        left_out = sorted({*split.left_out, *split.train} - set(train))
        return dataclasses.replace(split, train=sorted(train), left_out=left_out)

    def _plan_arm(self, case: _Case) -> None:
        pool: Pool = {
            name: [{"real": self._real_of(case, name)}] for name in self.dataset.images.classes
        }
        made = _Made()
        for group in case.arm.groups:
            if group.amount is not None:
                pool = self._stage(case, group, group.amount, pool, made)
        self._refuse_empty(case.arm, {name: self._size(parts) for name, parts in pool.items()})
        for classifier in self.selection.classifiers:
            self._train(case, classifier, pool, made)

    def _stage(self, case: _Case, group: Group, amount: Amount, pool: Pool, made: _Made) -> Pool:
        """The pool after a stage; the stage's jobs see all of the pool before it."""
        works_on = [
            n for n in pool if (n in group.only or not group.only) and n not in group.spared
        ]
        staying = {name: _real(pool[name]) if amount.keep_real else pool[name] for name in works_on}
        wanted = dict.fromkeys(pool, 0)
        wanted |= {name: amount.images(self._size(staying[name])) for name in works_on}
        if not any(wanted.values()) and amount.keeps and not amount.keep_real:
            return pool
        self._refuse_empty(case.arm, {name: self._size(pool[name]) for name in works_on})
        if group.generates:
            new, sources = self._generate(case, group, pool, wanted)
            made.images = {n: [*made.images.get(n, []), *new[n]] for n in pool}
            for name, found in sources.items():
                made.sources.setdefault(name, []).extend(found)
        else:
            new = self._augment(case, group, pool, wanted)
        kept = {name: staying[name] if amount.keeps else [] for name in works_on}
        return {name: [*kept.get(name, pool[name]), *new[name]] for name in pool}

    def _size(self, parts: list[Any]) -> int:
        """How many images the parts of a class have."""
        return sum(
            self.out.jobs[p["made"]].task["n"] if "made" in p else len(p["real"]) for p in parts
        )

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
            images = sum(map(self._size, extra.get("pool", {}).values()))
            needed = tuple(dict.fromkeys(needs))
            self.out.jobs[key] = Job(key, kind, title, needed, task, images)
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
        self, case: _Case, group: Group, pool: Pool, wanted: Mapping[str, int]
    ) -> tuple[Pool, Sources]:
        chosen = group.chosen[0]
        generator = chosen.make()
        assert isinstance(generator, Generator)
        with blame(identity(chosen.provided)):
            together = list(pool) if generator.conditional else None
        made: Pool = {name: [] for name in pool}
        sources: Sources = {name: [] for name in pool}
        for name in pool:
            for run in range(group.runs):
                n = wanted[name] // group.runs + (run < wanted[name] % group.runs)
                if n == 0:
                    continue
                source, draw = self._generate_class(case, group, pool, name, n, run, together)
                made[name].append({"made": draw})
                sources[name].append(source)
        return made, sources

    def _generate_class(
        self,
        case: _Case,
        group: Group,
        pool: Pool,
        name: str,
        n: int,
        run: int,
        together: list[str] | None,
    ) -> tuple[dict[str, Any], str]:
        """The fit of one training run and what is drawn from it."""
        chosen = group.chosen[0]
        classes = together or [name]
        role: list[str | int] = ["fit", chosen.name, *classes, case.repeat]
        role += ["run", run] if run else []
        seed = derive_seed(self.config.seed, *role)
        title = f"{chosen.name}, repeat {case.repeat + 1}" + (f", run {run + 1}" if run else "")
        fit = self._add(
            "fit",
            title if together else f"{title}, {name}",
            {
                "component": chosen.fit_reference(),
                "classes": classes,
                "set": {c: self._digest(pool[c]) for c in classes},
                "seed": seed,
            },
            _made(pool, classes),
            pool={c: pool[c] for c in classes},
        )
        class_name = None if together else name
        entry = FitEntry(fit, case.arm.name, group.name, class_name, case.repeat, run)
        if entry not in self.out.fits:
            self.out.fits.append(entry)
        source = {"fit": fit, "component": chosen.reference(), "classes": classes}
        filters, embedder = self._filters(case, group, name)
        draw = self._add(
            "draw",
            f"images of {title}, {name}",
            {
                "fit": fit,
                "class": name,
                "n": n,
                "seed": derive_seed(seed, name),
                "sampling": chosen.sampling(),
                **filters,
            },
            [fit, *([embedder["key"]] if embedder else [])],
            component=chosen.reference(),
            classes=classes,
            embedded_by=embedder,
            real=self._real_of(case, name) if group.filters else [],
        )
        return source, draw

    def _filters(
        self, case: _Case, group: Group, name: str
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What a drawing's filters add to its identity, and the classifier that one may ask."""
        if not group.filters:
            return {}, None
        kinds = {f.kind for f in group.filters}
        embedder = self._embedder(case) if AGREEMENT in kinds else None
        added = {
            "filters": [[f.kind, f.level] for f in group.filters],
            "against": self._pixels(self._real_of(case, name)) if COPIES in kinds else None,
            "judge": embedder["key"] if embedder else None,
        }
        return added, embedder

    def _real_of(self, case: _Case, name: str) -> list[int]:
        """The real training images of a class."""
        label = self.dataset.images.classes.index(name)
        return [i for i in case.split.train if int(self.dataset.images.labels[i]) == label]

    def _augment(self, case: _Case, group: Group, pool: Pool, wanted: Mapping[str, int]) -> Pool:
        made: Pool = {name: [] for name in pool}
        for name in pool:
            if not wanted[name]:
                continue
            seed = derive_seed(self.config.seed, "augment", group.name, name, case.repeat)
            key = self._add(
                "augment",
                f"{group.name}, repeat {case.repeat + 1}, {name}",
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

    def _train(self, case: _Case, classifier: Chosen, pool: Pool, made: _Made) -> None:
        training = self.config.training
        start = None
        if (first := training.first_phase()) is not None:
            real = {name: _real(parts) for name, parts in pool.items()}
            # an arm without real images learns from nothing else
            before = real if all(real.values()) else pool
            start = self._train_job(case, classifier, before, first, None, "real images, ")
        second = training.second_phase()
        key = self._train_job(case, classifier, pool, second, start, "")
        if case.arm.name == case.arm.baseline:
            self.embedders.setdefault((case.arm.name, case.repeat), (key, classifier))
        evaluations = self._evaluate(case, made, None)
        evaluations += self._evaluate(case, made, key, classifier.name)
        cell = Cell(case.arm, classifier.name, case.repeat, key, pool, case.split, evaluations)
        self.out.cells.append(cell)

    def _train_job(
        self,
        case: _Case,
        classifier: Chosen,
        pool: Pool,
        training: TrainingOptions,
        start: str | None,
        phase: str,
    ) -> str:
        online, split = case.arm.online, case.split
        everything = list(range(len(self.dataset))) if self.config.score_all else []
        # an amount may be chosen by these; other runs keep the keys that they had
        scored = {"score_val": True} if len(self.config.amounts()) > 1 and split.val else {}
        return self._add(
            "train",
            f"{classifier.name} on {phase}{case.arm.name}, repeat {case.repeat + 1}",
            {
                "component": classifier.reference(),
                "training": training.model_dump(mode="json"),
                "start": start,
                "online": [c.reference() for c in online.chosen] if online else [],
                "set": {name: self._digest(parts) for name, parts in pool.items()},
                "val": self._pixels(split.val),
                "test": self._pixels(split.test),
                "all": self._pixels(everything),
                **scored,
                "classes": list(pool),
                "seed": derive_seed(self.config.seed, "train", classifier.name, case.repeat),
            },
            [*_made(pool, list(pool)), *([start] if start else [])],
            pool=pool,
            indices={"val": split.val, "test": split.test, "all": everything},
        )

    def _evaluate(
        self, case: _Case, made: _Made, cell: str | None, classifier: str | None = None
    ) -> tuple[tuple[str, str], ...]:
        """Evaluators of a generated set (no cell), or of a cell's predictions."""
        found = []
        drawn = {name: parts for name, parts in made.images.items() if parts}
        for evaluator in self.selection.evaluators:
            with blame(identity(evaluator.provided)):
                needs: frozenset[str] = evaluator.make().needs
            if ("logits" in needs) != (cell is not None):
                continue
            if not drawn and needs & {"generated", "generators"}:
                continue
            sources = {n: s for n, s in made.sources.items() if s and "generators" in needs}
            embedder = self._embedder(case) if "embedder" in needs else None
            key = self._add(
                "evaluate",
                f"{evaluator.name}, repeat {case.repeat + 1}",
                {
                    "component": evaluator.reference(),
                    "cell": cell,
                    "classes": list(self.dataset.images.classes),
                    "generated": {n: self._digest(p) for n, p in drawn.items()},
                    "sources": {
                        n: [[s["fit"], s["component"]["options"]] for s in found_sources]
                        for n, found_sources in sources.items()
                    },
                    "embedder": embedder["key"] if embedder else None,
                    "train": self._pixels(case.split.train),
                    "test": self._pixels(case.split.test),
                    "seed": derive_seed(self.config.seed, "evaluate", evaluator.name, case.repeat),
                },
                [
                    *_made(drawn, list(drawn)),
                    *([cell] if cell else []),
                    *(s["fit"] for parts in sources.values() for s in parts),
                    *([embedder["key"]] if embedder else []),
                ],
                drawn=drawn,
                drawn_by=sources,
                embedded_by=embedder,
                indices={"train": case.split.train, "test": case.split.test},
            )
            found.append((evaluator.name, key))
        return tuple(found)

    def _embedder(self, case: _Case) -> dict[str, Any]:
        """The first classifier, trained on the repeat's real images alone."""
        key, classifier = self.embedders[case.arm.baseline, case.repeat]
        return {"key": key, "component": classifier.reference()}


def _with_test(split: Split, test: set[int]) -> Split:
    """The split with fewer test images; the others are left out."""
    dropped = [i for i in split.test if i not in test]
    left_out = sorted([*split.left_out, *dropped])
    return dataclasses.replace(split, test=sorted(test), left_out=left_out)


def _real(parts: list[Any]) -> list[Any]:
    return [part for part in parts if "real" in part]


def _made(pool: Pool, names: list[str]) -> list[str]:
    return [part["made"] for name in names for part in pool[name] if "made" in part]
