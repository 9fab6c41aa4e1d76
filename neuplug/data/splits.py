"""Divide a data set into training, validation and test images.

The laws:

* Each class is divided by itself, by a seed derived from the run's seed, the class's name and the
  repeat: adding a class does not change the draw of another, unless a group spans them.
* Groups never cross. A group that spans classes is placed once, by the class that has the fewest
  images.
* With ``per_class`` exactly so many images of a class are for training and validation; the last
  group drawn for a part is cut to fit, and its rest is left out, never tested on. Every other
  image is a test image. More images per class include the fewer ones of the same seed and repeat,
  where no validation images are drawn and groups leave the choice.
* A given test or validation part is used as it is, in every repeat. A group or a duplicate that
  crosses the given parts is refused, unless leaks are allowed: then the parts stay as they are,
  and :attr:`Split.leak` says so. Images of no given part that are bound to a given test or
  validation image are left out, and a warning says so.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar, get_args

import torch

from neuplug.data.dataset import Dataset
from neuplug.data.imageset import HeldOutSet, TrainingSet
from neuplug.data.listing import listed, spelled_alike
from neuplug.errors import InputError
from neuplug.seeds import derive_seed

_Part: TypeAlias = Literal["train", "val", "test", "left_out"]
_T = TypeVar("_T")

_REDRAWS = 100


@dataclass(frozen=True)
class Split:
    """Indices into a data set, each list in ascending order; together they are all of it.

    Attributes:
        train: What augmenters, generators and classifiers learn from.
        val: Real images to stop or choose by; often none.
        test: Real images to measure by.
        left_out: Images that fit nowhere without crossing a group.
        warnings: Sentences that the user must see.
        leak: What a given split has on two sides, where that was allowed; a sentence, or empty.
    """

    train: list[int]
    val: list[int]
    test: list[int]
    left_out: list[int]
    warnings: list[str] = field(default_factory=list)
    leak: str = ""

    def sets(self, dataset: Dataset) -> tuple[TrainingSet, HeldOutSet | None, HeldOutSet]:
        """The images themselves: training, validation (if there is any), test."""
        train, val, test = map(dataset.images.subset, (self.train, self.val, self.test))
        return (
            TrainingSet(**vars(train)),
            HeldOutSet(**vars(val)) if self.val else None,
            HeldOutSet(**vars(test)),
        )


def draw_split(
    dataset: Dataset,
    *,
    per_class: int | None = None,
    test: float = 0.3,
    val: float = 0.0,
    allow_leak: bool = False,
    seed: int,
    repeat: int,
) -> Split:
    """Draw one split.

    Args:
        dataset: At least two classes.
        per_class: Images of each class for training and validation together; all others become
            test images, or are left out where a test part is given. Without it, ``test`` decides.
        test: Part of each class for the test, 0 to 1; no matter with ``per_class`` or a given
            test part. Kept as nearly as the groups allow.
        val: Part for validation, 0 to 1: of ``per_class`` if that is given, else of the class.
            No matter where a validation part is given.
        allow_leak: Use given parts even where a group or a duplicate crosses them.
        seed: The run's seed.
        repeat: Which of the run's draws it is.

    Raises:
        InputError: If there are too few classes, images or groups for it, or the given parts leak.
        TypeError: If ``dataset`` is no :class:`neuplug.Dataset`.

    Example:
        >>> data = neuplug.load_dataset("PHOTOS")
        >>> split = neuplug.draw_split(data, per_class=8, val=0.25, seed=0, repeat=0)
        >>> train, val, test = split.sets(data)
        >>> train.counts(), val.counts(), test.counts()
        ({'dent': 6, 'scratch': 6}, {'dent': 2, 'scratch': 2}, {'dent': 4, 'scratch': 4})
    """
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"draw_split takes a neuplug.Dataset, not {type(dataset).__name__}: make one with "
            "neuplug.load_dataset, or neuplug.Dataset.from_imageset of images in memory"
        )
    _check(dataset, per_class, test, val)
    leak = dataset.leak
    if leak and not allow_leak:
        raise InputError(
            f"{leak} Remove the copies, let neuplug draw the split (--resplit), or continue with "
            "--allow-leak: the report then says in red that the test is not clean."
        )
    has_test, wants_val = "test" in dataset.splits, val > 0 and "val" not in dataset.splits
    placement = _Placement(dataset)
    warnings = placement.keep_given("test") + placement.keep_given("val")
    _refuse_small(placement, per_class, has_test)
    # of classes that share groups the scarcest has the first say: a plentiful one finds enough
    # images in the groups that are placed already
    counts = dataset.images.counts()
    for name in sorted(counts, key=lambda name: counts[name]):
        rng = random.Random(derive_seed(seed, "split", name, repeat))
        pool = _ClassImages(placement, name, rng)
        if per_class is not None:
            held = _part_of(per_class, val) if wants_val else 0
            drawn = _draw_number(pool, {"train": per_class - held, "val": held}, has_test, rng)
        else:
            shares: dict[_Part, float] = {} if has_test else {"test": test}
            shares |= {"val": val} if wants_val else {}
            drawn = _draw_shares(pool, {part: _part_of(pool.size, s) for part, s in shares.items()})
        placement.place(drawn)
    warnings = [leak, *warnings] if leak else warnings
    return Split(**placement.lists(has_test), warnings=warnings, leak=leak)


def _check(dataset: Dataset, per_class: int | None, test: float, val: float) -> None:
    if not 0 < test < 1:
        raise InputError(
            f"test = {test:g}: the test fraction must be between 0 and 1, for example 0.3."
        )
    if not 0 <= val < 1:
        raise InputError(f"val = {val:g}: the validation fraction must be at least 0 and below 1.")
    if per_class is None:
        if test + val >= 1:
            raise InputError(f"test = {test:g} and val = {val:g} leave nothing to train on.")
    elif per_class < 1:
        raise InputError(f"per_class = {per_class}: at least 1 training image is needed.")
    elif val > 0 and _part_of(per_class, val) >= per_class:
        raise InputError(f"per_class = {per_class} with val = {val:g} leaves nothing to train on.")
    counts = dataset.images.counts()
    if len(counts) < 2:
        raise InputError(
            f"{dataset.report.source} has only one class, {next(iter(counts))}: "
            f"a classifier needs at least two. {' '.join(dataset.report.cautions)}".strip()
        )
    least = 1 if per_class is not None and "test" not in dataset.splits else 2  # told of later
    if few := {name: number for name, number in counts.items() if number < least}:
        raise InputError(
            f"{_so_few(few)}: at least 2 are needed, one to train on and one to test on. Add some, "
            "or leave such classes out (--min-per-class 2)."
        )


def _so_few(numbers: Mapping[str, int], kind: str = "") -> str:
    """``class a has 1 image(s)``, or the same of several classes."""
    if len(numbers) == 1:
        name, number = next(iter(numbers.items()))
        return f"class {name} has {number} {kind}image(s)"
    shown = listed([f"{name}: {number}" for name, number in numbers.items()], 20)
    return f"{len(numbers)} classes have few {kind}images ({shown})"


def _refuse_small(placement: _Placement, per_class: int | None, has_test: bool) -> None:
    """Refuse all classes at once that have too few images outside the given parts."""
    names = placement.dataset.images.classes
    sizes = {n: sum(i not in placement.part for i in placement.members(n)) for n in names}
    if none := [name for name, size in sizes.items() if not size]:
        what, has = ("class", "has") if len(none) == 1 else ("classes", "have")
        raise InputError(
            f"{what} {listed(none, 20)} {has} no image to train on outside the given parts of "
            "the split: let neuplug draw one (--resplit), or choose other classes with --classes. "
            f"{spelled_alike(names)}".strip()
        )
    spare = 0 if has_test else 1
    if per_class is not None and (
        few := {n: size for n, size in sizes.items() if size < per_class + spare}
    ):
        kind, why = ("training ", "are too few") if has_test else ("", "leave none to test on")
        most = min(few.values()) - spare
        advice = [f"use at most {most}"] if most else ["add images"]
        if len(sizes) > len(few) + 1:
            advice.append(f"leave small classes out (--min-per-class {per_class + spare})")
        raise InputError(
            f"{_so_few(few, kind)}, which {why} with per_class = {per_class}: "
            f"{', or '.join(advice)}."
        )


class _Placement:
    """Where each image and each group went so far."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.part: dict[int, _Part] = {}
        self.group_part: dict[str, _Part] = {}

    def keep_given(self, part: Literal["val", "test"]) -> list[str]:
        """Place a given part and leave out what is bound to it; a warning if anything is."""
        splits, groups = self.dataset.splits, self.dataset.groups
        given = [i for i, split in enumerate(splits) if split == part]
        bound = {groups[i] for i in given}
        free = (i for i, split in enumerate(splits) if split is None and i not in self.part)
        out = [i for i in free if groups[i] in bound]
        self.part |= dict.fromkeys(given, part) | dict.fromkeys(out, "left_out")
        if not out:
            return []
        return [
            f"{len(out)} image(s) outside the given {part} part are left out because they have a "
            f"duplicate or an image of their group in it, such as "
            f"{self.dataset.images.ids[out[0]]}."
        ]

    def place(self, drawn: Mapping[int, _Part]) -> None:
        """Take over a class's draw: what is not left out of a group is all in the same part."""
        self.part |= drawn
        groups = self.dataset.groups
        self.group_part |= {groups[i]: part for i, part in drawn.items() if part != "left_out"}

    def members(self, name: str) -> list[int]:
        """The images of a class."""
        images = self.dataset.images
        return torch.nonzero(images.labels == images.classes.index(name)).flatten().tolist()

    def series(self, name: str) -> str:
        """What to do where near duplicates bind too many of a class's images; empty without any."""
        ids = {self.dataset.images.ids[i] for i in self.members(name)}
        pairs = [pair for pair in self.dataset.report.near or () if ids & {*pair[:2]}]
        if not pairs:
            return ""
        return (
            f" Near duplicates link its images, such as {pairs[0][0]} ~ {pairs[0][1]}: if they are "
            "of one series or video, a test on part of it proves little. Add images of other "
            "objects, and keep some of them for the test (folders train and test, or the column "
            "split of a CSV manifest)."
        )

    def lists(self, has_test: bool) -> dict[_Part, list[int]]:
        """The images of each part; a class without images to train or test on is refused."""
        lacking = []
        for name in self.dataset.images.classes:
            parts = {self.part[i] for i in self.members(name)}
            if "test" not in parts:
                lacking.append(name)
            if "train" not in parts:
                raise InputError(
                    f"class {name} has no image left to train on: all are in, or bound to, "
                    f"the given parts or other classes' groups.{self.series(name)}"
                )
        if lacking:
            where = "in the given test part" if has_test else "left to test on"
            more = f" So have {listed(lacking[1:], 20)}." if lacking[1:] else ""
            raise InputError(
                f"class {lacking[0]} has no image {where}: add some, or choose other classes "
                f"with --classes.{more}{self.series(lacking[0])}"
            )
        return {
            part: sorted(i for i, other in self.part.items() if other == part)
            for part in get_args(_Part)
        }


class _ClassImages:
    """The images of one class that are to be divided.

    Attributes:
        placed: Those whose group another class has placed, with its part.
        groups: The others: group name to indices, both in random order.
        size: How many images there are.
    """

    def __init__(self, placement: _Placement, name: str, rng: random.Random) -> None:
        self.name, self.placement = name, placement
        self.placed: dict[int, _Part] = {}
        free: dict[str, list[int]] = defaultdict(list)
        open_images = [i for i in placement.members(name) if i not in placement.part]
        for index in open_images:
            group = placement.dataset.groups[index]
            if part := placement.group_part.get(group):
                self.placed[index] = part
            else:
                free[group].append(index)
        self.groups = {group: shuffled(free[group], rng) for group in shuffled(free, rng)}
        self.size = len(open_images)

    def members(self, groups: Iterable[str]) -> list[int]:
        return [index for group in groups for index in self.groups[group]]

    def too_few(self, why: str, advice: str) -> InputError:
        return InputError(
            f"class {self.name}: its {self.size} image(s) lie in {len(self.groups)} group(s) that "
            f"must not be divided, {why}: {advice}.{self.placement.series(self.name)}"
        )


def _draw_number(
    pool: _ClassImages, wanted: Mapping[_Part, int], has_test: bool, rng: random.Random
) -> dict[int, _Part]:
    """Exactly the wanted numbers; the rest is for the test, unless a test part is given."""
    # Where groups differ in size, some orders do not fit: then another is drawn.
    for attempt in range(_REDRAWS + 1):
        names = list(pool.groups) if attempt == 0 else shuffled(pool.groups, rng)
        if attempt == _REDRAWS:  # the order most likely to fit, if any does
            names.sort(key=lambda name: -len(pool.groups[name]))
        drawn = _fill_exactly(pool, names, wanted, "left_out" if has_test else "test")
        parts = Counter(drawn.values())
        fits = all(parts[part] == number for part, number in wanted.items())
        if fits and (has_test or parts["test"]):
            return drawn
    asked = " and ".join(f"{number} for {part}" for part, number in wanted.items() if number)
    raise pool.too_few(f"so {asked} leave none for the rest", "use a smaller per_class")


def _fill_exactly(
    pool: _ClassImages, names: Iterable[str], wanted: Mapping[_Part, int], rest: _Part
) -> dict[int, _Part]:
    """Walk through the groups once, filling one wanted part after the other."""
    drawn, queue = dict(pool.placed), deque(names)
    for part, number in wanted.items():
        bound = [i for i, other in pool.placed.items() if other == part]
        drawn |= dict.fromkeys(bound[number:], "left_out")
        missing = number - len(bound)
        while missing > 0 and queue:
            members = pool.groups[queue.popleft()]
            drawn |= dict.fromkeys(members[:missing], part)
            drawn |= dict.fromkeys(members[missing:], "left_out")
            missing -= len(members)
    return drawn | dict.fromkeys(pool.members(queue), rest)


def _draw_shares(pool: _ClassImages, wanted: Mapping[_Part, int]) -> dict[int, _Part]:
    """As nearly the wanted numbers as whole groups allow; the rest is for training."""
    drawn, queue = dict(pool.placed), list(pool.groups)
    placed = Counter(pool.placed.values())
    open_parts = [part for part in (*wanted, "train") if not placed[part]]
    if len(queue) < len(open_parts):
        parts = " and ".join((*wanted, "train"))
        raise pool.too_few(f"too few for {parts}", "add images, or change the groups")
    for part, number in wanted.items():
        open_parts = [other for other in open_parts if other != part]
        count = placed[part]
        taken: list[str] = []
        for name in queue:
            after = count + len(pool.groups[name])
            spare = len(queue) - len(taken) - len(open_parts)
            if spare > 0 and abs(after - number) < abs(count - number):
                taken.append(name)
                count = after
        if not count:  # every group is far too large: the smallest then
            taken = [min(queue, key=lambda name: len(pool.groups[name]))]
        drawn |= dict.fromkeys(pool.members(taken), part)
        queue = [name for name in queue if name not in set(taken)]
    return drawn | dict.fromkeys(pool.members(queue), "train")


def shuffled(items: Iterable[_T], rng: random.Random) -> list[_T]:
    """The same order in every Python: of random's functions only random() promises that."""
    return sorted(items, key=lambda _: rng.random())


def _part_of(images: int, share: float) -> int:
    """A share of so many images, rounded, but at least one."""
    return max(1, int(share * images + 0.5))
