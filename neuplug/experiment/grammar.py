"""The grammar of arms: ``classical@to=700+dcgan@add=300,checkpoint=best``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import yaml

from neuplug.errors import InputError, did_you_mean
from neuplug.text import printable

NONE = "none"
_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]*:)?[a-z0-9][a-z0-9_-]*", re.ASCII)
# What names of classes are put in quotes for
_SEPARATORS = frozenset("+,/@")
# More is a slip of the finger
MOST_IMAGES, MOST_RUNS = 1_000_000, 1000
_OPTION = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = ("add", "to", "share")
COPIES, AGREEMENT = "copies", "agreement"
# Kinds of filters with their usual level
FILTERS = {COPIES: 0.01, AGREEMENT: 0.5}
_LABEL = ": "


@dataclass(frozen=True)
class Amount:
    """How far a stage enlarges the set, per class; by default as many images again.

    Attributes:
        kind: ``add``: so many images more; ``to``: as many as bring the class to this size;
            ``share``: as many as make up this part of the result, 0 to 1; or empty.
        number: Of that kind.
        replace: Only the new images go on.
        keep_real: Of the images that were there, only the real ones go on and count.
    """

    kind: str = ""
    number: float = 0.0
    replace: bool = False
    keep_real: bool = False

    def images(self, present: int) -> int:
        """How many new images a class gets of which ``present`` images may stay."""
        if self.kind == "add":
            return int(self.number)
        if self.kind == "to":
            return max(0, int(self.number) - (0 if self.replace else present))
        share = self.given[1]
        return present if self.replace or share >= 1 else round(present * share / (1 - share))

    @property
    def given(self) -> tuple[str, float]:
        """The kind and the number; a doubling is a share of one half."""
        return (self.kind, self.number) if self.kind else ("share", 0.5)

    @property
    def keeps(self) -> bool:
        """Whether images that were there stay."""
        return not self.replace and self.given != ("share", 1)

    def __str__(self) -> str:
        parts = [f"{self.kind}={self.number:g}"] if self.kind else []
        parts += ["replace"] if self.replace else []
        parts += ["keep=real"] if self.keep_real else []
        return ",".join(parts)


class Filter(NamedTuple):
    """A condition on a generator's images.

    Attributes:
        kind: ``copies`` or ``agreement``.
        level: See :mod:`neuplug.experiment.steps.generate`.
    """

    kind: str
    level: float

    def __str__(self) -> str:
        return f"{self.kind}:{self.level:g}"


def join_filters(filters: Iterable[Filter]) -> str:
    """Filters as the user writes them after ``filter=``."""
    return "/".join(map(str, filters))


@dataclass(frozen=True)
class StageSpec:
    """One link of a chain.

    Attributes:
        name: A component's.
        amount: Its own amount, if the user gave one.
        only: The classes that it works on; all if empty. The others pass unchanged.
        spared: Classes that it does not work on.
        runs: Training runs of a generator, whose images are pooled.
        filters: What a generator's images must pass to go on.
        options: The component's options in this stage; they go before those of the run.
    """

    name: str
    amount: Amount | None = None
    only: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    runs: int = 1
    filters: tuple[Filter, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [str(self.amount)] if self.amount else []
        for key, names in (("only", self.only), ("except", self.spared)):
            quoted = (f'"{n}"' if _SEPARATORS.intersection(n) else n for n in names)
            parts += [f"{key}={'/'.join(quoted)}"] if names else []
        parts += [f"runs={self.runs}"] if self.runs > 1 else []
        parts += [f"filter={join_filters(self.filters)}"] if self.filters else []
        parts += [f"{name}={value}" for name, value in self.options.items()]
        return f"{self.name}@{','.join(parts)}" if any(parts) else self.name


@dataclass(frozen=True)
class ArmSpec:
    """What the user wrote for an arm.

    Attributes:
        label: A name of the user's own, or empty.
        stages: Left to right; none for ``none``.
    """

    label: str
    stages: tuple[StageSpec, ...]


@cache
def parse_arm(text: str) -> ArmSpec:
    """Read an arm such as ``flip``, ``classical+dcgan`` or ``six: dcgan@add=100+flip@to=700``.

    What stands before a colon and a space is a label: the arm's name in tables.

    Raises:
        InputError: If it is not of this form.
    """
    label, colon, chain = text.rpartition(_LABEL)
    label, chain = printable(label.strip()), chain.strip()
    if colon and not label:
        raise InputError("there is nothing before the colon, which ends a label.")
    if label == NONE and chain.lower() != NONE:
        raise InputError(f"{NONE} is the arm of the real images alone.")
    if chain.lower() == NONE:
        return ArmSpec(label, ())
    return ArmSpec(label, tuple(_parse_stage(part.strip()) for part in _split(chain, "+")))


def split_arms(text: str) -> list[str]:
    """``flip, dcgan`` as two arms; a text with labels or settings, which have commas, is one."""
    if "@" in text or _LABEL in text:
        return [text]
    words = re.split(r"[,;\s]+", re.sub(r"\s*\+\s*", "+", text))
    return [word for word in words if word] or [text]


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that do not stand in double quotes."""
    parts, quoted = [""], False
    for character in text:
        quoted ^= character == '"'
        if character == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _parse_stage(part: str) -> StageSpec:
    name, at, rest = part.partition("@")
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is not a component name. Join names with '+', as in "
            "A+B, and give one an amount of its own as in B@add=100."
        )
    if name == NONE:
        raise InputError("none stands alone: it is not a stage.")
    return _with_settings(name, rest) if at else StageSpec(name)


def _with_settings(name: str, text: str) -> StageSpec:
    values: dict[str, str] = {}
    for item in _split(text, ","):
        key, equals, value = item.partition("=")
        key = key.strip()
        if not _OPTION.fullmatch(key) or (not equals and key != "replace"):
            raise InputError(
                f"{item!r} is not a setting. After @, write an amount "
                f"({', '.join(_KEYS)}, replace, keep=real), only= or except=CLASS/CLASS, runs=N, "
                "filter=copies/agreement, or options of the component, comma-separated, as in "
                "NAME@add=100,option=value. Another arm needs a flag of its own: --aug "
                "NAME@add=100 --aug NAME."
            )
        if key in values:
            raise InputError(f"{key} is given twice.")
        values[key] = value
    amount = _parse_amount(values)
    only, spared = (_classes(key, values) for key in ("only", "except"))
    if both := set(only) & set(spared):
        raise InputError(f"only= and except= both name {', '.join(sorted(both))}.")
    runs = values.pop("runs", "1")
    if not re.fullmatch(r"\d{1,9}", runs) or not 1 <= int(runs) <= MOST_RUNS:
        raise InputError(
            f"runs is the number of training runs, at least 1 and at most {MOST_RUNS}, not "
            f"{runs!r}."
        )
    filters = _filters(values)
    options = {key: scalar(value, key) for key, value in values.items()}
    return StageSpec(name, amount, only, spared, int(runs), filters, options)


def _filters(values: dict[str, str]) -> tuple[Filter, ...]:
    """Take ``filter=`` out of a stage's settings: ``copies``, ``agreement:0.9``, or both by '/'."""
    if "filter" not in values:
        return ()
    found = {}
    for part in values.pop("filter").split("/"):
        kind, _, level = part.partition(":")
        if kind not in FILTERS:
            raise InputError(
                f"filter={kind} is unknown.{did_you_mean(kind, FILTERS)} "
                f"There are: {', '.join(FILTERS)}."
            )
        try:
            number = float(level) if level else FILTERS[kind]
        except ValueError:
            number = math.nan
        if not 0 <= number <= 1:
            raise InputError(f"filter={part}: the level is a number from 0 to 1.")
        found[kind] = Filter(kind, number)
    return tuple(found[kind] for kind in sorted(found))


def _classes(key: str, values: dict[str, str]) -> tuple[str, ...]:
    """Take ``only=`` or ``except=`` out of a stage's settings."""
    if key not in values:
        return ()
    names = tuple(name.strip().strip('"') for name in _split(values.pop(key), "/"))
    if not all(names):
        raise InputError(f"{key}= needs classes, separated by '/'.")
    return names


def _parse_amount(values: dict[str, str]) -> Amount | None:
    """Take the amount out of a stage's settings."""
    replace, keep = values.pop("replace", None), values.pop("keep", None)
    if replace not in (None, ""):
        raise InputError("replace takes no value.")
    if keep not in (None, "real"):
        raise InputError(f"keep={keep} is unknown; there is keep=real.")
    given = {key: values.pop(key) for key in _KEYS if key in values}
    if len(given) > 1:
        raise InputError("give one of add, to and share.")
    if replace is not None and keep is not None:
        raise InputError("give replace or keep=real, not both.")
    if not given and replace is None and keep is None:
        return None
    key, value = next(iter(given.items()), ("", ""))
    return make_amount(key, value, replace is not None, keep is not None)


def make_amount(key: str, value: str | float, replace: bool, keep_real: bool = False) -> Amount:
    """Check one amount.

    Args:
        key: ``add``, ``to``, ``share``, or nothing.
        value: As typed.
        replace: Whether only new images go on.
        keep_real: Whether only real images go on with the new ones.

    Raises:
        InputError: If the value is no number or out of range.
    """
    if not key:
        return Amount(replace=replace, keep_real=keep_real)
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{key} needs a number, not {value!r}.") from None
    if key == "share":
        if not 0 <= number <= 1:
            raise InputError(f"share is a fraction of the result, 0 to 1, not {number:g}.")
        if replace and number < 1:
            raise InputError("with replace, all images are generated; leave share out.")
    elif not 0 <= number <= MOST_IMAGES or not number.is_integer():
        raise InputError(
            f"{key} is a number of images per class, from 0 to {MOST_IMAGES}, not {value!r}."
        )
    return Amount(key, number, replace, keep_real)


def scalar(text: str, where: str) -> Any:
    """A value as YAML has it.

    Raises:
        InputError: If it is none.
    """
    try:
        return load_yaml(text)
    except ValueError:
        raise InputError(f"{where}: {text!r} is not a value; quote it if it is text.") from None


class _Loader(yaml.SafeLoader):
    """Plain values alone: of aliases a few lines can be made that fill any memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                what = f"{key.value} is given twice: keep one"
                raise yaml.MarkedYAMLError(None, None, what, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:
    """What a YAML text says.

    Raises:
        ValueError: In one line, if it says nothing.
    """
    try:
        return yaml.load(text, _Loader)
    except Exception as error:  # PyYAML lets any escape, such as a KeyError of "!!bool x"
        kind = "" if isinstance(error, yaml.YAMLError) else f"{type(error).__name__}: "
        raise ValueError(" ".join(f"{kind}{error}".split())) from None
