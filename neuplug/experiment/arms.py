"""The components that a user names, and the arms made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuplug.errors import InputError
from neuplug.experiment.blame import blame
from neuplug.experiment.config import TRAINING, ComposeConfig
from neuplug.experiment.grammar import NONE, Amount, Stage, parse_arm
from neuplug.experiment.identity import file_digests, identity
from neuplug.interfaces import Options
from neuplug.registry import Provided, Registry

EITHER = ("augmenter", "generator")


@dataclass(frozen=True)
class Chosen:
    """A component with its validated options."""

    provided: Provided
    options: Options

    @property
    def name(self) -> str:
        """The component's name."""
        return self.provided.name

    def reference(self) -> dict[str, Any]:
        """As plain data: its part of a key, and enough to load it again."""
        options = self.options.model_dump(mode="json")
        files = file_digests(options)
        return {**identity(self.provided), "options": options, "files": files}

    def make(self) -> Any:
        """A ready component."""
        with blame(identity(self.provided)):
            return self.provided.load()(self.options)


@dataclass(frozen=True)
class Arm:
    """One way to prepare the training set.

    Attributes:
        name: As the user wrote it, with the amount where several are compared.
        groups: Stages in order; neighbouring augmenters without amounts of their own are one.
    """

    name: str
    groups: tuple[Group, ...]

    @property
    def online(self) -> Group | None:
        """The augmenters that act on each batch: those at the end, without an amount."""
        last = self.groups[-1] if self.groups else None
        return last if last is not None and last.amount is None else None


@dataclass(frozen=True)
class Group:
    """A generator, or augmenters that act as one.

    Attributes:
        amount: ``None`` for augmenters at the end of an arm, which act on each batch.
    """

    chosen: tuple[Chosen, ...]
    amount: Amount | None

    @property
    def generates(self) -> bool:
        """Whether it is a generator."""
        return self.chosen[0].provided.kind == "generator"

    @property
    def name(self) -> str:
        """Names joined as the user writes them."""
        return "+".join(c.name for c in self.chosen)


class Selection:
    """What of the installed components takes part in a run.

    Args:
        config: What the user asks.
        registry: What is installed.

    Attributes:
        arms: ``none`` first, then the user's, once each.
        classifiers: In the user's order.
        evaluators: Likewise.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """

    def __init__(self, config: ComposeConfig, registry: Registry) -> None:
        self._config, self._registry = config, registry
        self._used: set[str] = set()
        self._chosen: dict[tuple[str, tuple[str, ...]], Chosen] = {}
        self.classifiers = [self._choose(name, ("classifier",)) for name in _once(config.clf)]
        self.evaluators = [self._choose(name, ("evaluator",)) for name in _once(config.eval)]
        self.arms = self._arms()
        self._refuse_unused_options()

    @property
    def components(self) -> tuple[Provided, ...]:
        """Every component that takes part, once."""
        return tuple({c.name: c.provided for c in self._chosen.values()}.values())

    def _choose(self, name: str, kinds: tuple[str, ...]) -> Chosen:
        if (name, kinds) not in self._chosen:
            provided = self._registry.resolve(name, kinds)
            values: dict[str, Any] = {}
            for owner in dict.fromkeys((provided.name, name)):
                if owner in self._config.options:
                    self._used.add(owner)
                    values |= self._config.options[owner]
            component = provided.load()
            with blame(identity(provided)):
                options = component.options_class.parse(values, provided.name)
            self._chosen[name, kinds] = Chosen(provided, options)
        return self._chosen[name, kinds]

    def _refuse_unused_options(self) -> None:
        for owner in self._config.options:
            if owner not in self._used:
                names = sorted({c.name for c in self._chosen.values()} | {TRAINING})
                raise InputError(
                    f"options are given for {owner!r}, which takes no part in this run; "
                    f"taking part: {', '.join(names)}."
                )

    def _arms(self) -> tuple[Arm, ...]:
        amounts = self._config.amounts()
        arms = {NONE: Arm(NONE, ())}
        for text in self._config.aug:
            stages = parse_arm(text)
            for amount in amounts:
                groups = self._groups(stages, amount)
                varied = len(amounts) > 1 and any(
                    g.amount is amount for g in groups
                )  # this arm depends on the run's amount
                name = "+".join(_written(stage) for stage in stages) or NONE
                name += f" ({amount})" if varied else ""
                arms.setdefault(name, Arm(name, groups))
        return tuple(arms.values())

    def _groups(self, stages: tuple[Stage, ...], amount: Amount) -> tuple[Group, ...]:
        groups: list[Group] = []
        open_group = False  # whether the last group may take one more augmenter
        for stage in stages:
            chosen = self._choose(stage.name, EITHER)
            if chosen.provided.kind == "generator":
                groups.append(Group((chosen,), stage.amount or amount))
                open_group = False
            elif stage.amount is None and open_group:
                groups[-1] = Group((*groups[-1].chosen, chosen), amount)
            else:
                groups.append(Group((chosen,), stage.amount or amount))
                open_group = stage.amount is None
        if open_group:
            groups[-1] = Group(groups[-1].chosen, None)
        return tuple(groups)


def _written(stage: Stage) -> str:
    return f"{stage.name}@{stage.amount}" if stage.amount else stage.name


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
