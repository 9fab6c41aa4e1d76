"""The components that a user names, and the arms made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neuplug.errors import InputError, Problems, did_you_mean
from neuplug.experiment.components import ConfiguredComponent, named_faults
from neuplug.experiment.config import EITHER, TRAINING, ComposeConfig, over, recipe_settings
from neuplug.experiment.grammar import NONE, Amount, ArmSpec, Filter, StageSpec, parse_arm
from neuplug.plugins.registry import ComponentSpec, discover

# The arms that are added for a learning curve
PARTS = {f"{NONE} (a quarter)": 1 / 4, f"{NONE} (half)": 1 / 2}


@dataclass(frozen=True)
class Arm:
    """One way to prepare the training set.

    Attributes:
        name: The user's label or text, with the amount and the number of real images where
            several are compared.
        stages: In order; neighbouring augmenters without amounts of their own are one; a mixer is
            one by itself, and the last.
        base: The name without that number.
        per_class: Real training images of each class, where several numbers are compared.
        baseline: The name of the arm that it is compared with.
        family: The name without the amount, where several amounts are compared.
        dose: That amount.
        part: Of the real images, where only a part of them is used; for a learning curve.
    """

    name: str
    stages: tuple[Stage, ...]
    base: str = NONE
    per_class: int | None = None
    baseline: str = NONE
    family: str = NONE
    dose: Amount | None = None
    part: float | None = None

    @property
    def generates(self) -> bool:
        """Whether a generator takes part in it."""
        return any(stage.generates for stage in self.stages)

    @property
    def classical(self) -> bool:
        """Whether it is augmented, by no generator and no control."""
        return bool(self.stages) and not self.generates and not self.control

    @property
    def control(self) -> bool:
        """Whether a control takes part in it."""
        return any(part.control for stage in self.stages for part in stage.components)

    @property
    def online(self) -> tuple[ConfiguredComponent, ...]:
        """What acts on each batch: augmenters at the end without an amount, then a mixer."""
        last = (stage for stage in self.stages if stage.amount is None)
        return tuple(c for stage in last for c in stage.components if c.class_balance == "none")

    @property
    def class_balance(self) -> str:
        """What its training does about classes of unequal size."""
        parts = (c.class_balance for stage in self.stages for c in stage.components)
        return next((balance for balance in parts if balance != "none"), "none")


@dataclass(frozen=True)
class Stage:
    """A generator, augmenters that act as one, or a mixer.

    Attributes:
        amount: ``None`` for what acts on each batch, at the end of an arm.
        only: The classes it works on; all if empty.
        spared: Classes it does not work on.
        runs: Training runs of a generator, pooled.
        filters: What a generator's images must pass.
    """

    components: tuple[ConfiguredComponent, ...]
    amount: Amount | None
    only: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    runs: int = 1
    filters: tuple[Filter, ...] = ()

    @property
    def kind(self) -> str:
        """``generator``, ``augmenter`` or ``mixer``."""
        return self.components[0].spec.kind

    @property
    def generates(self) -> bool:
        """Whether it is a generator."""
        return self.kind == "generator"

    @property
    def name(self) -> str:
        """Names joined as the user writes them."""
        return "+".join(c.name for c in self.components)


class Selection:
    """What of the installed components takes part in a run.

    Args:
        config: What the user asks.

    Attributes:
        arms: ``none`` first, then the user's, once each.
        classifiers: In the user's order.
        evaluators: Likewise.
        reporters: Likewise; all that are installed if the user names none.
        executor: Where tasks run; ``None``: on this host.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """

    def __init__(self, config: ComposeConfig) -> None:
        self._config, self._registry = config, discover()
        self._used: set[str] = set()
        self._chosen: dict[tuple[str, tuple[str, ...], str], ConfiguredComponent] = {}
        problems = Problems()
        if not config.clf:
            problems.append("no classifier: name one with --clf; 'neuplug plugins' lists them")
        for name, kinds, own in config.components():
            with problems.noted():
                self._choose(name, kinds, own)
        self.executor: ConfiguredComponent | None = None
        with problems.noted():
            self.reporters = self._reporters()
            if config.executor is not None:
                self.executor = self._choose(config.executor, ("executor",))
        self._used |= {spec.name for spec in self._registry.of_kind("layout")}
        problems += self._unused_options()
        problems.refuse()
        self.classifiers = [self._choose(name, ("classifier",)) for name in _once(config.clf)]
        self.evaluators = [self._choose(name, ("evaluator",)) for name in _once(config.eval)]
        self.arms = self._arms()
        Problems(self._idle()).refuse()

    @property
    def components(self) -> tuple[ComponentSpec, ...]:
        """Every component that takes part, once."""
        return tuple({c.name: c.spec for c in self._chosen.values()}.values())

    @property
    def everything(self) -> tuple[ConfiguredComponent, ...]:
        """Every component with each set of options that it takes part with."""
        return tuple(self._chosen.values())

    def _reporters(self) -> tuple[ComponentSpec, ...]:
        """Those asked for, or all; none is loaded before it reports, so that none stops a run."""
        if not self._config.report:
            return ()
        installed = self._registry.of_kind("reporter")
        found = [self._registry.resolve(n, ("reporter",)) for n in _once(self._config.reporter)]
        self._used |= {spec.name for spec in installed}
        return tuple(found or installed)

    def _choose(
        self, name: str, kinds: tuple[str, ...], own: Mapping[str, Any] | None = None
    ) -> ConfiguredComponent:
        """A component with the run's options, and over them those of its stage."""
        key = (name, kinds, repr(sorted((own or {}).items())))
        if key not in self._chosen:
            provided = self._registry.resolve(name, kinds)
            values: dict[str, Any] = {}
            for owner in dict.fromkeys((provided.name, name)):
                if owner in self._config.options:
                    self._used.add(owner)
                    values |= self._config.options[owner]
            component = provided.load()
            with named_faults(provided):
                known = component.options_class.model_fields
                _refuse_unknown(provided.name, own or {}, known)
                options = component.options_class.parse(over(values, own or {}), provided.name)
            self._chosen[key] = ConfiguredComponent(provided, options)
        return self._chosen[key]

    def _unused_options(self) -> Iterator[str]:
        for owner in self._config.options:
            if owner not in self._used and not self._of_recipe(owner):
                names = sorted({name for name, *_ in self._config.components()} | {TRAINING})
                yield (
                    f"options are given for {owner!r}, which is not part of this run."
                    f"{did_you_mean(owner, names)} The run has: {', '.join(names)}."
                )

    def _idle(self) -> Iterator[str]:
        """What is asked for, and nothing in the run would do."""
        config, amounts = self._config, {s.amount for arm in self.arms for s in arm.stages}
        recipe = recipe_settings(vars(config)) if config.recipe else {}
        idle = [] if amounts.intersection(config.amounts()) else ["add", "to", "share", "replace"]
        idle += [] if amounts - {None} else ["save_generated", "mix", "generated_first"]
        training = {**vars(config.training), "mix": config.training.mix != "together"}
        for name in idle:
            if {**training, **vars(config)}[name] and name not in recipe:
                yield (
                    f"{name} has no effect, since no arm makes images by it: name a generator with "
                    "--aug, or give an augmenter an amount of its own, as in NAME@add=100."
                )
        generates = any(arm.generates for arm in self.arms)
        for evaluator in self.evaluators:
            needs = frozenset(evaluator.make().needs) & {"generated", "generators"}
            if needs and not generates and evaluator.name not in recipe.get("eval", ()):
                yield (
                    f"evaluator {evaluator.name} has nothing to measure, since no arm has a "
                    "generator: name one with --aug, or leave the evaluator out."
                )

    def _of_recipe(self, owner: str) -> bool:
        """Whether a recipe set these options for an arm that the user left out."""
        if self._config.recipe is None:
            return False
        return owner in recipe_settings(vars(self._config)).get("options", {})

    def _arms(self) -> tuple[Arm, ...]:
        """For each number of real images all arms, ``none`` first."""
        amounts = self._config.amounts()
        found = {NONE: Arm(NONE, ())}
        for text in self._config.aug:
            spec = parse_arm(text)
            family = spec.label or "+".join(map(str, spec.stages)) or NONE
            for amount in amounts:
                stages = self._stages(spec, amount)
                # whether this arm depends on the run's amount
                varied = len(amounts) > 1 and any(s.amount is amount for s in stages)
                name = f"{family} ({amount})" if varied else family
                arm = Arm(name, stages, name, family=family, dose=amount if varied else None)
                if found.setdefault(name, arm).stages != stages:
                    raise InputError(
                        f"two different arms are called {name!r}: give them different labels."
                    )
        numbers = self._config.subsets()
        arms = [_with_images(arm, number) for number in numbers for arm in found.values()]
        if self._config.worth and len(numbers) < 3:  # else these are a curve
            arms += [Arm(name, (), name, None, name, name, part=p) for name, p in PARTS.items()]
        return tuple(arms)

    def _stages(self, arm: ArmSpec, amount: Amount) -> tuple[Stage, ...]:
        """Neighbouring augmenters act as one; the first amount among them closes their stage."""
        stages: list[Stage] = []
        waiting: list[ConfiguredComponent] = []  # augmenters whose stage is open
        for spec in arm.stages:
            chosen = self._choose(spec.name, EITHER, spec.options)
            kind = chosen.spec.kind
            generates = kind == "generator"
            if kind == "mixer":
                _refuse_of_makers(spec, arm)
            if kind != "augmenter" and waiting:
                stages.append(Stage(tuple(waiting), amount if generates else None))
                waiting = []
            if kind == "augmenter":
                _refuse_of_generators(spec, chosen)
            waiting.append(chosen)
            own = spec.amount or (amount if generates or chosen.joins else None)
            if own is not None:
                about = (spec.only, spec.spared, spec.runs, spec.filters)
                stages.append(Stage(tuple(waiting), own, *about))
                waiting = []
        if waiting:
            stages.append(Stage(tuple(waiting), None))
        _refuse_misplaced(stages)
        return tuple(stages)


def _with_images(arm: Arm, per_class: int | None) -> Arm:
    """The arm with so many real images of each class, where several numbers are compared."""
    if per_class is None:
        return arm
    name, baseline, family = (
        f"{text} ({per_class} per class)" for text in (arm.name, NONE, arm.family)
    )
    return replace(arm, name=name, baseline=baseline, family=family, per_class=per_class)


def _refuse_of_generators(spec: StageSpec, augmenter: ConfiguredComponent) -> None:
    """Refuse settings of an augmenter's stage that are for generators, or go with an amount."""
    for word, given in (("runs", spec.runs > 1), ("filter", spec.filters)):
        if given:
            raise InputError(f"{spec}: {word} is for generators, but {spec.name} is an augmenter.")
    if (spec.only or spec.spared) and spec.amount is None and not augmenter.joins:
        raise InputError(
            f"{spec}: with an augmenter, only= and except= need an amount, such as to=700."
        )


def _refuse_of_makers(mixer: StageSpec, arm: ArmSpec) -> None:
    """Refuse settings of a mixer's stage that are for what makes images, and stages after it."""
    if replace(mixer, options={}) != StageSpec(mixer.name):
        raise InputError(
            f"{mixer}: {mixer.name} is a mixer. It mixes each batch anew and makes no images: "
            "leave amounts, keep=, only=, except=, runs= and filter= out."
        )
    if mixer is not arm.stages[-1]:
        raise InputError(
            f"{'+'.join(spec.name for spec in arm.stages)}: the mixer {mixer.name} must be the "
            "last stage, since it mixes batches when all is done; an arm has one mixer at most."
        )


def _refuse_misplaced(stages: Sequence[Stage]) -> None:
    """Refuse to make images by what decides about classes of unequal size, and two such in one."""
    found = [(c.name, s.amount) for s in stages for c in s.components if c.class_balance != "none"]
    if len(found) > 1 or any(amount is not None for _, amount in found):
        names = " and ".join(name for name, _ in found)
        raise InputError(f"{names}: put one such control at the end of an arm, without an amount.")


def _refuse_unknown(name: str, own: Mapping[str, Any], known: Collection[str]) -> None:
    """After an arm's @ stand options and amounts, so a slip may be one of either."""
    words = (*known, *"add to share replace keep only except runs filter".split())
    Problems(
        f"{name}@{option}: {option!r} is neither an amount nor an option."
        f"{did_you_mean(option, words)}"
        for option in own
        if option not in known
    ).refuse()


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
