"""Patterns that put images of one patient, photograph or series into one group, by file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Words before a number that stand for what several images may show
_WORDS = (
    "patient person subject pat subj case lesion slide study specimen donor animal plate object "
    "obj series video vid clip scene scan coil roll wafer board part device camera cam session "
    "bottle sample item unit"
).split()
_GENERAL = (
    r"([^/]+?)_(?:jpe?g|png|bmp)\.rf\.",  # copies of an image, as Roboflow names them
    r"([^/]+?)[_-](?:crop|tile|patch|aug|rot|flip|copy|frame|view|slice|part|img)[_-]?\d+\.[^./]+$",
    r"([^/]*\d[^/]*?)[_-]\d+\.[^./]+$",  # 12_3.png
    r"([^/]*\d[^/]*?)[_-][^/\d]*\d*\.[^./]+$",  # p12_left.png
)
_LEAST = 3  # groups


@dataclass(frozen=True)
class Suggestion:
    """A pattern for ``--group-by``.

    Attributes:
        groups: How many it finds.
        example: One of them, the largest.
        images: How many images that has.
        crossing: How many groups have images of several classes.
    """

    pattern: str
    groups: int
    example: str
    images: int
    crossing: int = 0

    @property
    def by_folder(self) -> str:
        """The pattern for numbers that begin anew in each folder."""
        return f"^(.*)/[^/]*?{self.pattern}"

    def __str__(self) -> str:
        anew = (
            f"; {self.crossing} of them have images of several classes: if numbers begin anew in "
            f"each class, give --group-by '{self.by_folder}' instead"
        )
        return (
            f"file names suggest {self.groups} groups, such as {self.example} ({self.images} "
            f"images): if a group shows one patient, object or photograph, give "
            f"--group-by '{self.pattern}'" + (anew if self.crossing else "")
        )


def suggest(ids: Sequence[str], labels: Sequence[str]) -> Suggestion | None:
    """A pattern that file names suggest; ``None`` if they suggest none.

    Args:
        ids: Paths of the images.
        labels: Their classes: groups that are the classes, or numbers within one, are none.
    """
    for pattern in _patterns(ids):
        matches = [re.search(pattern, id_) for id_ in ids]
        found = [(m and ("_".join(filter(None, m.groups())) or m[0])) or "" for m in matches]
        sizes = Counter(filter(None, found))
        together = sum(size for size in sizes.values() if size > 1)
        matched = sum(sizes.values())
        if (
            len(sizes) >= _LEAST
            and matched >= 0.9 * len(ids)
            and 2 * together >= matched
            and 2 * max(sizes.values()) <= len(ids)
            and not _are_classes(found, labels)
        ):
            name, images = sizes.most_common(1)[0]
            classes = Counter(group for group, _ in set(zip(found, labels, strict=True)) if group)
            crossing = sum(number > 1 for number in classes.values())
            return Suggestion(pattern, len(sizes), name, images, crossing)
    return None


def _patterns(ids: Sequence[str]) -> Iterator[str]:
    names = [id_.rpartition("/")[2] for id_ in ids]
    for word in _WORDS:
        match = re.search(rf"(?i:(?<![a-z]){word}[ _-]?)(?=\d)", " ".join(names[:200]))
        if match:
            yield rf"({re.escape(match[0])}\d+)"
    yield from _GENERAL


def _are_classes(found: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether the groups only say the class again."""
    pairs = set(zip(found, labels, strict=True))
    return len(pairs) == len(set(found)) and len(set(found)) <= len(set(labels))
