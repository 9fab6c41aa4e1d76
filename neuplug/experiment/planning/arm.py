"""An arm within a repeat: the tasks that make its training set, and the cells on it."""

from __future__ import annotations

from neuplug.data.splits import Split
from neuplug.errors import InputError
from neuplug.experiment.arms import Arm, Stage
from neuplug.experiment.components import ConfiguredComponent, named_faults
from neuplug.experiment.grammar import AGREEMENT, COPIES, Amount
from neuplug.experiment.plan import Cell, FitEntry, Plan
from neuplug.experiment.steps.generate import COPIES_RULE
from neuplug.experiment.tasks import (
    AugmentTask,
    EvaluateTask,
    FitTask,
    MadeImages,
    Mixture,
    RealImages,
    SampleTask,
    Source,
    Trained,
    TrainTask,
)
from neuplug.seeds import derive_seed
from neuplug.training.options import TrainingOptions


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
            conditional = stage.components[0].make().conditional
        shares = [n // stage.runs + (run < n % stage.runs) for run in range(stage.runs)]
        made = tuple(
            self._draw(mixture, stage, name, share, run, None if conditional else name)
            for run, share in enumerate(shares)
            if share
        )
        self.drawn[name] += made
        return made

    def _draw(
        self, mixture: Mixture, stage: Stage, name: str, n: int, run: int, alone: str | None
    ) -> MadeImages:
        """Add what draws ``n`` images of a class, with the fit that this needs.

        Args:
            mixture: What the generator learns from.
            stage: The generator.
            name: The class.
            n: How many images.
            run: Number of the fit.
            alone: The class that it learns; ``None`` if it learns all of them together.
        """
        chosen, plan = stage.components[0], self.plan
        classes = self.classes if alone is None else (alone,)
        role = [chosen.name, *classes, self.repeat, *(("run", run) if run else ())]
        seed = derive_seed(plan.config.seed, "fit", *role)
        title = f"{chosen.name}, repeat {self.repeat + 1}" + (f", run {run + 1}" if run else "")
        fit = plan.add(
            FitTask,
            title if alone is None else f"{title}, {alone}",
            component=chosen.reference(for_fit=True),
            mixture=mixture.only(classes),
            seed=seed,
            where=str(self),
        )
        entry = FitEntry(fit, self.arm.name, stage.name, alone, self.repeat, run)
        if entry not in plan.fits:
            plan.fits.append(entry)
        kinds = {each.kind for each in stage.filters}
        source = Source(
            task=fit,
            component=chosen.reference(),
            classes=classes,
            filters=stage.filters,
            copies_rule=COPIES_RULE if COPIES in kinds else "",
            real=self._real_of(name) if COPIES in kinds else RealImages(),
            judge=self._embedder() if AGREEMENT in kinds else None,
        )
        self.sources[name] += (source,)
        key = plan.add(
            SampleTask,
            f"images of {title}, {name}",
            source=source,
            class_name=name,
            n=n,
            seed=derive_seed(seed, name),
        )
        return MadeImages(task=key, n=n, filter=source.how)

    def _embedder(self) -> Trained:
        return self.plan.embedders[self.arm.baseline, self.repeat]

    def add_cell(self, classifier: ConfiguredComponent) -> None:
        """Add the training of a classifier and its evaluations."""
        options, start = self.plan.config.training, None
        if (first := options.first_phase()) is not None:
            real = self.mixture.real()
            # an arm without real images learns from nothing else
            before = real if all(real.parts.values()) else self.mixture
            start = self._train(classifier, before, first, phase="real images, ")
        trained = self._train(classifier, self.mixture, options.second_phase(), start)
        if self.arm.name == self.arm.baseline:
            self.plan.embedders.setdefault((self.arm.name, self.repeat), trained)
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
        plan, online, val = self.plan, self.arm.online, self.split.val
        key = plan.add(
            TrainTask,
            f"{classifier.name} on {phase}{self.arm.name}, repeat {self.repeat + 1}",
            component=classifier.reference(),
            training=options,
            start=start,
            online=tuple(c.reference() for c in online.components) if online else (),
            mixture=mixture,
            val=plan.real(val),
            test=plan.real(self.split.test),
            everything=plan.real(range(len(plan.dataset)) if plan.config.score_all else ()),
            # an amount may be chosen by it
            score_val=len(plan.config.amounts()) > 1 and bool(val),
            seed=self._seed("train", classifier.name),
            where=str(self),
        )
        return Trained(task=key, component=classifier.reference())

    def _evaluations(self, cell: Trained | None) -> list[tuple[str, str]]:
        """Add every evaluator of a training's predictions, or without one of the generated set.

        Returns:
            Evaluators' names with the keys of their tasks.
        """
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
