"""From a configuration to tasks: which splits and cells there are, and what each depends on.

Planning is cheap: every key is known before anything is trained, so the store says what is there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.arms import Arm, Selection, Stage
from neuplug.experiment.components import ConfiguredComponent, named_faults
from neuplug.experiment.config import ComposeConfig, recipe_settings
from neuplug.experiment.decisive import choose_metric
from neuplug.experiment.grammar import AGREEMENT, COPIES, Amount
from neuplug.experiment.looks import planned_looks
from neuplug.experiment.plan import Cell, FitEntry, Plan
from neuplug.experiment.splitting import draw_splits, part_of
from neuplug.experiment.steps.generate import COPIES_RULE
from neuplug.experiment.tasks import (
    AugmentTask,
    EvaluateTask,
    FitTask,
    MadeImages,
    Mixture,
    RealImages,
    Result,
    SampleTask,
    Source,
    Trained,
    TrainTask,
)
from neuplug.plugins.generator import Generator
from neuplug.seeds import derive_seed
from neuplug.training.options import TrainingOptions


def make_plan(config: ComposeConfig, dataset: Dataset) -> Plan:
    """Plan a run, up to the first look at its verdicts.

    Raises:
        InputError: If a component, option, amount or class does not exist or does not fit, or a
            component does not take images of this kind.
    """
    plan = begin_plan(config, dataset)
    every = {(arm.name, c.name) for arm in plan.arms for c in plan.selection.classifiers}
    add_repeats(plan, planned_looks(config.repeats)[0].repeats, every)
    return plan


def add_repeats(plan: Plan, repeats: int, wanted: Collection[tuple[str, str]]) -> None:
    """Add repeats to a plan up to a number of them, of the wanted arms and classifiers.

    Raises:
        InputError: See :func:`make_plan`.
    """
    first = len(plan.splits)
    drawn = [draw_splits(plan.config, plan.dataset, n) for n in range(first, repeats)]
    plan.splits += [list(splits.values())[-1] for splits in drawn]
    if not first:  # later repeats change nothing about what verdicts go by
        counts = [plan.dataset.images.counts(split.test) for split in plan.splits]
        plan.metric = choose_metric(plan.config.metric, counts)
    for repeat, splits in enumerate(drawn, first):
        for arm in plan.arms:
            these = [c for c in plan.selection.classifiers if (arm.name, c.name) in wanted]
            if these:
                split = part_of(plan, arm.part, repeat) if arm.part else splits[arm.per_class]
                planner = ArmPlanner(plan, arm, repeat, split)
                for classifier in these:
                    planner.add_cell(classifier)


def begin_plan(config: ComposeConfig, dataset: Dataset) -> Plan:
    """A plan without tasks.

    Raises:
        InputError: See :func:`make_plan`.
    """
    if config.resplit:
        dataset = dataclasses.replace(dataset, splits=(None,) * len(dataset))
    selection = Selection(config)
    plan = Plan(config, dataset, selection, selection.arms)
    _refuse_unknown_classes(plan)
    for chosen in selection.everything:  # before anything is trained
        with named_faults(chosen.spec):
            component = chosen.make()
            component.check_images(dataset.images.channels, dataset.images.image_size)
            plan.notes += component.notes()
    return plan


def _refuse_unknown_classes(plan: Plan) -> None:
    # a recipe speaks of all classes of its paper, whichever are there
    theirs = recipe_settings(vars(plan.config)).get("limit", {}) if plan.config.recipe else {}
    named = [("limit", name) for name in plan.config.limit if name not in theirs]
    for arm in plan.arms:
        for stage in arm.stages:
            named += [(f"arm {arm.name}: only", name) for name in stage.only]
            named += [(f"arm {arm.name}: except", name) for name in stage.spared]
    known, shown = plan.dataset.images.classes, ", ".join(plan.dataset.images.classes)
    strange = [
        f"{where}: there is no class {name!r}.{did_you_mean(name, known)} There are: {shown}."
        for where, name in named
        if name not in known
    ]
    if strange:
        raise InputError(*strange)


class ArmPlanner:
    """Adds the tasks of an arm within a repeat to a plan.

    Attributes:
        mixture: The training set, as all stages leave it.
        drawn: Class name to what generators have drawn of it.
        sources: Class name to what these images were drawn from.

    Raises:
        InputError: If a class is left without images.
    """

    def __init__(self, plan: Plan, arm: Arm, repeat: int, split: Split) -> None:
        self.plan, self.arm, self.repeat, self.split = plan, arm, repeat, split
        self.classes = plan.dataset.images.classes
        self.mixture = Mixture(parts={name: (self._real_of(name),) for name in self.classes})
        self.drawn: dict[str, tuple[MadeImages, ...]] = dict.fromkeys(self.classes, ())
        self.sources: dict[str, tuple[Source, ...]] = dict.fromkeys(self.classes, ())
        for stage in arm.stages:
            if stage.amount is not None:
                self.mixture = self._enlarged(self.mixture, stage, stage.amount)
        self._refuse_empty(self.mixture)

    def __str__(self) -> str:
        return f"repeat {self.repeat + 1} of arm {self.arm.name}"

    def _real_of(self, name: str) -> RealImages:
        """The real training images of a class."""
        labels, label = self.plan.dataset.images.labels, self.classes.index(name)
        return self.plan.real(i for i in self.split.train if int(labels[i]) == label)

    def _seed(self, role: str, *names: str) -> int:
        return derive_seed(self.plan.config.seed, role, *names, self.repeat)

    def _refuse_empty(self, mixture: Mixture) -> None:
        for name in mixture.parts:
            if mixture.size(name) == 0:
                raise InputError(
                    f"arm {self.arm.name} leaves class {name} without training images."
                )

    def _enlarged(self, mixture: Mixture, stage: Stage, amount: Amount) -> Mixture:
        """Add a stage's tasks, which see all of the mixture before it; the mixture after it."""
        names = [n for n in self.classes if n in stage.only or not stage.only]
        works_on = [n for n in names if n not in stage.spared]
        if not works_on:
            raise InputError(f"arm {self.arm.name}: except= leaves {stage.name} no class.")
        staying = (mixture.real() if amount.keep_real else mixture).only(works_on)
        wanted = {name: amount.images(staying.size(name)) for name in works_on}
        if not any(wanted.values()) and amount.keeps and not amount.keep_real:
            return mixture
        self._refuse_empty(mixture.only(works_on))
        make = self._generate if stage.generates else self._augment
        parts = dict(mixture.parts)
        for name in works_on:
            kept = staying.parts[name] if amount.keeps else ()
            parts[name] = (*kept, *make(mixture, stage, name, wanted[name]))
        return Mixture(parts=parts)

    def _augment(self, mixture: Mixture, stage: Stage, name: str, n: int) -> tuple[MadeImages, ...]:
        """Add the task that makes ``n`` images of a class by augmenters."""
        if n == 0:
            return ()
        key = self.plan.add(
            AugmentTask,
            f"{stage.name}, repeat {self.repeat + 1}, {name}",
            augmenters=tuple(c.reference() for c in stage.components),
            class_name=name,
            mixture=mixture.only([name]),
            n=n,
            seed=self._seed("augment", stage.name, name),
            where=str(self),
        )
        return (MadeImages(task=key, n=n),)

    def _generate(
        self, mixture: Mixture, stage: Stage, name: str, n: int
    ) -> tuple[MadeImages, ...]:
        """Add the fits and drawings that make ``n`` images of a class, from all runs alike."""
        with named_faults(stage.components[0].spec):
            generator: Generator = stage.components[0].make()
            conditional, pretrains = generator.conditional, generator.pretrains
        shares = [n // stage.runs + (run < n % stage.runs) for run in range(stage.runs)]
        made = []
        for run, share in enumerate(shares):
            if share:
                first = self._fit(mixture, stage, run, pretrain=True) if pretrains else None
                fit = self._fit(mixture, stage, run, None if conditional else name, start=first)
                made.append(self._draw(stage, name, share, fit))
        self.drawn[name] += tuple(made)
        return tuple(made)

    def _fit(
        self,
        mixture: Mixture,
        stage: Stage,
        run: int,
        alone: str | None = None,
        pretrain: bool = False,
        start: str | None = None,
    ) -> str:
        """Add a generator's fit to a mixture; its key.

        Args:
            mixture: What it learns from.
            stage: The generator.
            run: Number of the fit.
            alone: The class that it learns; ``None`` if it learns all of them together.
            pretrain: Whether it is what the fits of single classes start from.
            start: Key of what it starts from.
        """
        chosen, plan = stage.components[0], self.plan
        classes = self.classes if alone is None else (alone,)
        role = [chosen.name, *classes, self.repeat, *(("run", run) if run else ())]
        title = f"{chosen.name}, repeat {self.repeat + 1}" + (f", run {run + 1}" if run else "")
        key = plan.add(
            FitTask,
            f"{title}, {alone or 'all classes'}" if alone or pretrain else title,
            component=chosen.reference(for_fit=True),
            mixture=mixture.only(classes),
            pretrain=pretrain,
            start=Result(task=start) if start else None,
            seed=derive_seed(plan.config.seed, "fit", *role),
            where=str(self),
        )
        entry = FitEntry(key, self.arm.name, stage.name, alone, self.repeat, run)
        if entry not in plan.fits:
            plan.fits.append(entry)
        return key

    def _draw(self, stage: Stage, name: str, n: int, key: str) -> MadeImages:
        """Add what draws ``n`` images of a class from the generator of a fit."""
        fit = self.plan.tasks[key]
        assert isinstance(fit, FitTask)
        kinds = {each.kind for each in stage.filters}
        source = Source(
            task=key,
            component=stage.components[0].reference(),
            classes=tuple(fit.mixture.parts),
            filters=stage.filters,
            copies_rule=COPIES_RULE if COPIES in kinds else "",
            real=self._real_of(name) if COPIES in kinds else RealImages(),
            judge=self._embedder() if AGREEMENT in kinds else None,
        )
        self.sources[name] += (source,)
        drawn = self.plan.add(
            SampleTask,
            f"images of {fit.label}" + ("" if len(source.classes) == 1 else f", {name}"),
            source=source,
            class_name=name,
            n=n,
            seed=derive_seed(fit.seed, name),
        )
        return MadeImages(task=drawn, n=n, filter=source.how)

    def _embedder(self) -> Trained:
        """The first classifier, trained on the real images alone."""
        plain = next(arm for arm in self.plan.arms if arm.name == self.arm.baseline)
        planner = ArmPlanner(self.plan, plain, self.repeat, self.split)
        return planner._trained(self.plan.selection.classifiers[0])

    def _trained(self, classifier: ConfiguredComponent) -> Trained:
        """Add the training of a classifier."""
        start: Trained | None = None
        for phase, mixture, options in self.plan.phases(self.arm, self.mixture):
            trained = start = self._train(classifier, mixture, options, start, phase)
        return trained

    def add_cell(self, classifier: ConfiguredComponent) -> None:
        """Add the training of a classifier and its evaluations."""
        trained = self._trained(classifier)
        evaluations = (*self._evaluations(None), *self._evaluations(trained))
        cell = Cell(
            self.arm,
            classifier.name,
            self.repeat,
            trained.task,
            self.mixture,
            self.split,
            evaluations,
        )
        self.plan.cells.append(cell)

    def _train(
        self,
        classifier: ConfiguredComponent,
        mixture: Mixture,
        options: TrainingOptions,
        start: Trained | None = None,
        phase: str = "",
    ) -> Trained:
        plan, val = self.plan, self.split.val
        if self.arm.class_balance != "none":
            options = options.model_copy(update={"class_balance": self.arm.class_balance})
        key = plan.add(
            TrainTask,
            f"{classifier.name} on {phase}{self.arm.name}, repeat {self.repeat + 1}",
            component=classifier.reference(),
            training=options,
            start=start,
            online=tuple(c.reference() for c in self.arm.online),
            mixture=mixture,
            val=plan.real(val),
            metric=plan.metric[0].name if val else "log_loss",
            test=plan.real(self.split.test),
            train=plan.real(mixture.evenly()),
            everything=plan.real(range(len(plan.dataset)) if plan.config.score_all else ()),
            # an amount may be chosen by it
            score_val=len(plan.config.amounts()) > 1 and bool(val),
            seed=self._seed("train", classifier.name),
            where=str(self),
        )
        return Trained(task=key, component=classifier.reference())

    def _evaluations(self, cell: Trained | None) -> list[tuple[str, str]]:
        """Add evaluators of a training's predictions, or without one of the set; names and keys."""
        found = []
        drawn = Mixture(parts=self.drawn if any(self.drawn.values()) else {})
        sources = {name: some for name, some in self.sources.items() if some}
        for evaluator in self.plan.selection.evaluators:
            with named_faults(evaluator.spec):
                needs: frozenset[str] = evaluator.make().needs
            if ("logits" in needs) != (cell is not None):
                continue
            if not drawn.parts and needs & {"generated", "generators"}:
                continue
            key = self.plan.add(
                EvaluateTask,
                f"{evaluator.name}, repeat {self.repeat + 1}",
                component=evaluator.reference(),
                cell=cell,
                classes=self.classes,
                drawn=drawn,
                sources=sources if "generators" in needs else {},
                embedder=self._embedder() if "embedder" in needs else None,
                train=self.plan.real(self.split.train),
                test=self.plan.real(self.split.test),
                seed=self._seed("evaluate", evaluator.name),
            )
            found.append((evaluator.name, key))
        return found
