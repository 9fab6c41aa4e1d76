"""Labelled image files as they lie on disk, none of them opened, and what lists them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.component import ComponentBase

# Part of every data set's key: raised when decoding, binding or the files of the cache change
FORMAT = 8

SplitName: TypeAlias = Literal["train", "val", "test"]

# What people call the parts of a split, in lower case
SPLIT_NAMES: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

# What is found of a pattern in texts, with nothing to load
_FINDER = """import json, re, sys
pattern, texts = json.load(sys.stdin)
found = map(re.compile(pattern).search, texts)
print(json.dumps([m and ("_".join(filter(None, m.groups())) or m[0]) or "" for m in found]))"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image file and what its place says about it.

    Attributes:
        id: The path relative to the listing's root, with forward slashes.
        label: Its class.
        split: Which part of a given split it belongs to, if one is given.
        group: What it must not be separated from, for example the object it shows.
    """

    path: Path
    id: str
    label: str
    split: SplitName | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        # macOS spells accented names in another way than others do: one class would become two
        for name in ("label", "group"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, unicodedata.normalize("NFC", value))


@dataclass(frozen=True, slots=True)
class Unused:
    """Files of one kind that lie with the images and are not used.

    Attributes:
        kind: What they are, in the plural, such as ``hidden files``.
        count: How many.
        examples: Ids of the first three.
        matters: Whether a run says it too, as of pictures that cannot be read.

    Example:
        >>> from pathlib import Path
        >>> str(neuplug.Unused.of("masks", [Path("set/m", f"{n}.png") for n in range(9)], "set"))
        '9 file(s) (masks): m/0.png, m/1.png, m/2.png and 6 more'
    """

    kind: str
    count: int
    examples: tuple[str, ...] = ()
    matters: bool = False

    @classmethod
    def of(
        cls, kind: str, paths: Sequence[Path], root: str | Path, matters: bool = False
    ) -> Unused:
        """Count files; those within ``root`` are named by their paths in it."""
        shown = [p.relative_to(root) if p.is_relative_to(root) else p for p in paths[:3]]
        return cls(kind, len(paths), tuple(p.as_posix() for p in shown), matters)

    def __str__(self) -> str:
        more = [f"{self.count - len(self.examples)} more"] * (self.count > len(self.examples))
        return f"{self.count} file(s) ({self.kind}): {listed([*self.examples, *more])}"


@dataclass(frozen=True, slots=True)
class Listing:
    """All labelled images of a set.

    Attributes:
        root: The folder that ids are relative to.
        layout: How they lie there, in words.
        entries: In natural order of their ids.
        unused: The files that are not used, by their kinds.
        empty: Names of class folders without a single file.
        small: Classes that were left out for having too few images, with their numbers.
        remarks: Sentences about how the files were understood.
        cautions: Such sentences that a run must say, for they may be wrong.
        by_name: Whether file names alone tell the classes.
    """

    root: Path
    layout: str
    entries: tuple[Entry, ...]
    unused: tuple[Unused, ...] = ()
    empty: tuple[str, ...] = ()
    small: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    by_name: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in natural order."""
        return tuple(sorted({entry.label for entry in self.entries}, key=natural_key))

    def outside(self, classes: Collection[str]) -> tuple[str, ...]:
        """Ids of images of some classes that a link or a manifest's path has outside the root."""
        root = os.path.realpath(self.root)
        real = cache(os.path.realpath)  # few folders have many files
        places = [(e, e.path if e.path.is_symlink() else e.path.parent) for e in self.entries]
        return tuple(
            entry.id
            for entry, place in places
            if entry.label in classes and not Path(real(place)).is_relative_to(root)
        )


class Layout(ComponentBase):
    """Recognises one way in which a set of labelled images lies on disk, and lists it.

    Attributes:
        general: Whether it lists folders of many kinds, so that every other layout goes before it.
        follow: Whether links may lead out of the path, set before :meth:`scan`; what a listing has
            outside nevertheless is refused.
    """

    general: ClassVar[bool] = False
    follow: bool = False

    @abstractmethod
    def scan(self, path: Path) -> Listing | str | None:
        """List the images at ``path``, without opening one of them.

        Args:
            path: A folder or a file that is there.

        Returns:
            ``None`` if this is not its layout; a sentence if it is, but something has to be done
            before it can be read, saying what.

        Raises:
            InputError: If it is its layout, and wrong: nothing is read then, unless another
                layout lists the path.
        """


def natural_key(text: str) -> tuple[object, ...]:
    """Sort key in which ``cow2`` comes before ``cow10``, and letter case counts last."""
    parts = [
        [int(piece) if piece.isdecimal() else piece for piece in re.split(r"(\d+)", part)]
        for part in text.casefold().split("/")
    ]
    return (parts, text)


def fingerprint(listing: Listing) -> str:
    """SHA-256 over what identifies the listed files without opening them.

    That is for each image its id, label, split, group, size and time of last change (ns).
    """
    digest = hashlib.sha256()
    for entry in listing.entries:
        try:
            status = entry.path.stat()
            state = (status.st_size, status.st_mtime_ns)
        except OSError:  # gone or out of reach: decoding will name it
            state = (-1, -1)
        facts = (entry.id, entry.label, entry.split, entry.group, *state)
        digest.update(repr(facts).encode())
    return digest.hexdigest()


def listed(names: Sequence[str], most: int = 5) -> str:
    """``a, b and c`` for a sentence, cut short after ``most``."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


# What is made of a listing ----------------------------------------------------------------------


def refuse_outside(source: Path, ids: Sequence[str]) -> None:
    """Refuse files and folders that lie outside the data.

    Raises:
        InputError: If there are any.
    """
    if ids:
        raise InputError(
            f"{source} leads to {len(ids)} file(s) or folder(s) outside the folder of the data, by "
            f"links or paths: {listed(ids, 3)}. Give --follow to use them, or take them out."
        )


def refuse_odd_names(entries: Iterable[Entry]) -> None:
    """Refuse files of names, labels or groups that are no text.

    Raises:
        InputError: If there are any.
    """
    if odd := [e.id for e in entries if re.search("[\ud800-\udfff]", f"{e.id}{e.label}{e.group}")]:
        shown = listed([name.encode("utf-8", "replace").decode() for name in odd], 3)
        raise InputError(
            f"{len(odd)} name(s) are not in UTF-8, which tables need: {shown}. Rename them."
        )


def refuse_choices(
    group_by: str | None = None, min_per_class: int = 1, follow: bool = False, **_: object
) -> None:
    """Refuse what is asked of files where there are none.

    Raises:
        InputError: If anything is.
    """
    if group_by or follow or min_per_class > 1:
        raise InputError(
            "group_by, min_per_class and follow are about files, and the images are made by code "
            "or in memory."
        )


def groups_found(pattern: str, texts: Sequence[str]) -> dict[str, str]:
    r"""What a regular expression finds in each: its bracketed groups, or all of it, or nothing.

    It is looked for in a process that can be ended.

    Raises:
        InputError: If it is none, or takes too long: some take years for a long name.

    Example:
        >>> from neuplug.data.listing import groups_found
        >>> groups_found(r"(person\d+)_", ["ill/person12_3.png"])
        {'ill/person12_3.png': 'person12'}
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(f"group_by = {pattern!r} is not a regular expression: {error}.") from None
    limit = 4 + len(texts) // 10_000  # seconds
    find = partial(subprocess.run, stdout=subprocess.PIPE, text=True, check=True, timeout=limit)
    try:
        done = find([sys.executable, "-Ic", _FINDER], input=json.dumps([pattern, texts]))
    except subprocess.TimeoutExpired:
        raise InputError(
            f"group_by = {pattern!r} takes over {limit} s: repeat no repeats, as (a+)+ does."
        ) from None
    return dict(zip(texts, json.loads(done.stdout), strict=True))


def grouped(listing: Listing, pattern: str) -> Listing:
    """The listing with groups of what a pattern finds in the ids; ids without keep their group.

    Raises:
        InputError: If it is no regular expression, or finds nothing, or the same in all ids.
    """
    found = groups_found(pattern, [entry.id for entry in listing.entries])
    groups, without = Counter(filter(None, found.values())), [i for i in found if not found[i]]
    if not groups or (len(groups) == 1 and not without and len(found) > 1):
        what = f"finds {next(iter(groups))!r} in every file" if groups else "matches no file"
        raise InputError(
            f"group_by = {pattern!r} {what}, such as {listing.entries[0].id}: neuplug data show "
            "suggests patterns."
        )
    cautions = []
    if without:
        cautions.append(
            f"group_by = {pattern!r} matches {len(found) - len(without)} of {len(found)} files; "
            f"the others get no group of it: {listed(without, 3)}."
        )
    if max(groups.values()) == 1:
        cautions.append(
            f"group_by = {pattern!r} finds something else in each of {len(groups)} files, so that "
            "it groups none."
        )
    entries = (replace(e, group=found[e.id] or e.group) for e in listing.entries)
    return replace(listing, entries=tuple(entries), cautions=(*listing.cautions, *cautions))


def large_enough(listing: Listing, least: int) -> Listing:
    """The listing without the classes that have fewer images.

    Raises:
        InputError: If no class is left.
    """
    counts = Counter(entry.label for entry in listing.entries)
    small = {name: counts[name] for name in listing.classes if counts[name] < least}
    if small and len(small) == len(counts):
        raise InputError(
            f"min_per_class = {least} leaves no class: the largest has {max(counts.values())}."
        )
    entries = tuple(entry for entry in listing.entries if entry.label not in small)
    return replace(listing, entries=entries, small=small)


def chosen_classes(
    source: str | Path,
    known: Sequence[str],
    classes: Sequence[str] | None,
    small: Collection[str] = (),
) -> tuple[str, ...]:
    """The classes that are wanted, in their order; by default all that are known.

    Raises:
        InputError: If one is unknown, too small, or named twice.
    """
    if classes is None:
        return tuple(known)
    if few := [name for name in classes if name in small]:
        raise InputError(
            f"{listed(few)}: min_per_class leaves this out. Lower it, or choose other classes."
        )
    if strange := [name for name in dict.fromkeys(classes) if name not in known]:
        hints = "".join(did_you_mean(name, known) for name in strange[:3])
        raise InputError(
            f"{source} has no images of a class {listed(list(map(repr, strange)))}.{hints} "
            f"It has {listed(known, 20)}."
        )
    if twice := [name for name, number in Counter(classes).items() if number > 1]:
        raise InputError(f"class {listed(twice)} is named twice.")
    return tuple(classes)


def spelled_alike(names: Iterable[str]) -> str:
    """A sentence about names that differ in letter case, blanks or a final .0 alone, or empty."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        key = unicodedata.normalize("NFKC", name).casefold()
        # a number that was read as a fraction in some rows ends with .0
        alike[re.sub(r"[\s_\u200b-\u200d\ufeff]|(?<=\d)[.,]0*$", "", key)].append(name)
    pairs = [" and ".join(map(repr, same)) for key, same in alike.items() if key and same[1:]]
    if not pairs:
        return ""
    return (
        f"Classes differ in letter case, blanks or a final .0 alone: {'; '.join(pairs[:3])}. If "
        "they are the same, rename the folders or the labels; now they are different classes."
    )
