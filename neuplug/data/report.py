"""What is known about a set of images besides the images."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from neuplug.data.listing import Unused, listed, spelled_alike

# Which near duplicates are looked for
Near: TypeAlias = Literal["on", "off", "overlap"]

_CROWD = 0.1  # part of the images from which looking alike is worth a word


class DataReport(BaseModel):
    """Facts about a data set, for people and for the record.

    Attributes:
        layout: How the files lie on disk, in words.
        source: What the user gave.
        counts: Images per class.
        sizes: Images per original size, ``HxW``.
        modes: Images per way of storing pixels, in words.
        ranges: Of images of more than 8 bits the values that became black and white, by the kind
            of their numbers.
        notes: Sentences about how pixels were made of the files, where there was a choice.
        unused: Sentences about what files hold, or the user asked for, that was not used.
        shortcuts: Sentences about files that differ from others by how their numbers are stored, by
            which a classifier may tell classes.
        skipped: (id, reason) of each file that could not be read.
        outside: Ids of images that lie outside the source, by a link or by a manifest's path.
        files: The files of the source that are not used, by their kinds.
        small: Classes that were left out for having too few images, with their numbers.
        remarks: Sentences about how the files were understood.
        cautions: Such sentences that a run must say, for they may be wrong.
        exact: Ids of images whose pixels are equal, two or more in each cluster.
        conflicts: Those of ``exact`` whose images have different labels.
        near: (id, id, correlation) of near duplicates; ``None`` where they were not looked for.
        whole: Classes nearly all of whose images are near duplicates of one another, so that a
            split divides these all the same.
        crowded: How many images look like another one, but no more than most of the set do.
        simulated: Whether the images were drawn by code, which is to be said beside every number.

    Example:
        >>> cut = (("rust/7.png", "it ends too early"),)
        >>> counts = {"rust": 39, "dent": 40}
        >>> report = DataReport(layout="flat", source="PHOTOS", counts=counts, skipped=cut)
        >>> report.warnings()
        ('1 file(s) cannot be read and are skipped: rust/7.png (it ends too early).',)
        >>> DataReport.model_validate_json(report.model_dump_json()) == report
        True
    """

    model_config = ConfigDict(frozen=True)

    layout: str
    source: str
    counts: Mapping[str, int]
    sizes: Counter[str] = Counter()
    modes: Counter[str] = Counter()
    ranges: Mapping[str, tuple[float, float]] = {}
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    shortcuts: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    outside: tuple[str, ...] = ()
    files: tuple[Unused, ...] = ()
    small: Mapping[str, int] = {}
    remarks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    exact: tuple[tuple[str, ...], ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    near: tuple[tuple[str, str, float], ...] | None = None
    whole: tuple[str, ...] = ()
    crowded: int = 0
    simulated: bool = False

    def warnings(self, leaking: bool = False) -> tuple[str, ...]:
        """Sentences that a user must see before trusting a number.

        Args:
            leaking: Whether the images are in given parts that near duplicates may cross.
        """
        found = [*self.cautions, *self._left_out()]
        if alike := spelled_alike(self.counts):
            found.append(alike)
        if self.skipped:
            count = len(self.skipped)
            found.append(f"{count} file(s) cannot be read and are skipped: {why(self.skipped)}.")
        found += [*self.unused, *self.shortcuts]
        if self.outside:
            found.append(
                f"{len(self.outside)} image(s) lie outside the folder of the data, where links or "
                f"paths in the manifest lead: {listed(self.outside, 3)}."
            )
        if self.conflicts:
            found.append(
                f"{len(self.conflicts)} image(s) are in more than one class, "
                f"such as {' = '.join(self.conflicts[0])}: at most one of the labels is right."
            )
        if self.near:
            pairs = listed([f"{first} ~ {second}" for first, second, _ in self.near], 3)
            held = "the given split may divide them" if leaking else "no split divides them"
            one = len(self.near) == 1
            shown = "1 pair of images shows" if one else f"{len(self.near)} pairs of images show"
            found.append(
                f"{shown} the same, wholly or in part, also rotated, brightened or resized; "
                f"{held}: {pairs}."
            )
        if self.whole:
            found.append(
                f"nearly all images of {listed(self.whole, 3)} are near duplicates of one another, "
                "so that a split divides these all the same: if they are of one object, series or "
                "video, the test proves little. Add images of other objects, and keep some of them "
                "for the test (folders train and test, or the column split of a CSV manifest)."
            )
        if self.crowded > _CROWD * sum(self.counts.values()):
            found.append(
                f"{self.crowded} image(s) look much like another one, but no more so than most "
                "images of this set, so a split may divide them: if they are of one object, "
                "series or video, group those that belong together (a folder within the class "
                "folder, or the column group of a CSV manifest)."
            )
        return tuple(found)

    def _left_out(self) -> Iterator[str]:
        for kind in self.files:
            if kind.matters:
                yield f"not used: {kind}."
        if self.small:
            left = [f"{name} ({number})" for name, number in self.small.items()]
            yield f"{len(left)} class(es) have too few images and are left out: {listed(left)}."


def why(skipped: Sequence[tuple[str, str]]) -> str:
    """Files that cannot be read, by reason: three of each for the commonest three reasons."""
    ids: dict[str, list[str]] = defaultdict(list)
    for id_, reason in skipped:
        ids[reason].append(id_)
    reasons = sorted(ids, key=lambda reason: -len(ids[reason]))
    found = [f"{listed(ids[reason], 3)} ({reason})" for reason in reasons[:3]]
    if more := sum(len(ids[reason]) for reason in reasons[3:]):
        found.append(f"{more} more for other reasons")
    return "; ".join(found)
