"""A set of class folders from images and the labelme annotations of their failures.

Failures are shown at one scale: squares of the same side in source pixels, and where a failure is
longer, several adjacent ones; nothing is ever squeezed. Intact squares are drawn at random where
no failure is. All crops of one image are in one group, which a split never divides.

The rules are those of T. Schlagenhauf, C. Sun and J. Fleischer, "GAN based ball screw drive picture
database enlargement for failure classification", section 3.1: failure crops of uniform width and
height, of a long failure only parts, and intact crops that are cut automatically.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuplug.data.cropfolder import Row, check_out, crop_folder, write_record
from neuplug.data.listing import listed, natural_key
from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.generator import Progress
from neuplug.storage.names import file_names, safe_name
from neuplug_labelme.annotated import Source, look
from neuplug_labelme.cropoptions import CropOptions, class_name, is_text
from neuplug_labelme.cutter import Cutter, each
from neuplug_labelme.pairing import Pair, pair_up

__all__ = ["CropOptions", "CropReport", "class_name", "crop_failures"]

# Intact crops for each failure crop; the published set has 922 to 301
INTACT_PER_FAILURE = 3


@dataclass(frozen=True)
class CropReport:
    """What was cut and what was not, for people and for the record.

    Attributes:
        size: Height and width of the crops, in pixels.
        side: Of the squares in the source images, in pixels.
        counts: Crops per class.
        sources: Per class the images that its crops come from.
        images: Images that crops come from.
        groups: Groups that a split never divides.
        failures: Shapes of the wanted labels that were cut out.
        divided: Those of them that are larger than a crop and were cut into parts.
        slivers: Parts left out because too little of them is failure.
        repeated: Squares left out because an earlier shape of the class has given the same.
        intact: Intact crops that were cut.
        wanted_intact: How many were asked for.
        skipped: (file, reason) of each image or annotation that was not used.
        bad_shapes: (annotation and shape, reason) of each shape that was not used.
        no_intact: Images that give no intact crop because a shape in them was not used, so that
            nobody knows where all of their failures are.
        mixed: Failure crops that also show a failure of another class.
    """

    size: int
    side: int
    counts: dict[str, int]
    sources: dict[str, int]
    images: int
    groups: int
    failures: int
    divided: int
    slivers: int
    repeated: int
    intact: int
    wanted_intact: int
    skipped: tuple[tuple[str, str], ...]
    bad_shapes: tuple[tuple[str, str], ...]
    no_intact: tuple[str, ...]
    mixed: tuple[str, ...]

    @property
    def missing_intact(self) -> int:
        """How many of the wanted intact crops found no room."""
        return self.wanted_intact - self.intact

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **vars(self),
            "skipped": [list(item) for item in self.skipped],
            "bad_shapes": [list(item) for item in self.bad_shapes],
            "no_intact": list(self.no_intact),
            "mixed": list(self.mixed),
        }


def _silent(done: int, total: int, note: str = "") -> None:
    return None


def crop_failures(
    images: str | Path,
    annotations: str | Path,
    out: str | Path,
    options: CropOptions | None = None,
    *,
    progress: Progress = _silent,
) -> CropReport:
    """Cut failures and intact squares out of annotated images, into a folder of class folders.

    ``out`` gets ``<class>/group=<group>/<image>_….png`` (TIFF for colour of 16 bits), which
    :func:`neuplug.load_dataset` reads with the groups; ``crops.csv``, which says of
    each crop where it comes from; and ``crop.json``, the options and the report. It appears whole
    or not at all. The same images, annotations and options give the same bytes.

    Args:
        images: A folder of images, at any depth, in any format that neuplug reads.
        annotations: A folder of labelme JSON files, which belong to images by their names; it may
            be the folder of the images.
        out: A folder that is absent or empty, or that this function has made, which is replaced.
        options: How to cut; by default 96x96 pixels as they are.
        progress: Called while it goes on.

    Returns:
        The counts, and everything that was left out with the reason. The class of a failure is
        its label in lower case.

    Raises:
        InputError: If a folder is missing, ``out`` holds something else, a label is unknown, or
            nothing is left to cut.
        OSError: If ``out`` cannot be written.
    """
    options = options or CropOptions()
    images, annotations = Path(images).expanduser(), Path(annotations).expanduser()
    out = Path(out).expanduser()
    check_out(out, (images, annotations))
    pairs, skipped = pair_up(images, annotations)
    groups = _groups(pairs, options.group_by)
    look_at = functools.partial(look, annotations=annotations, options=options)
    sources: list[Source] = []
    for pair, outcome in each(look_at, pairs, progress, "looking"):
        if isinstance(outcome, Source):
            sources.append(outcome)
        else:
            skipped.append((pair.name, outcome))
    _check_labels(sources, options, annotations)
    wanted = _wanted_intact(sources, options)
    with crop_folder(out) as folder:
        cutter = Cutter(folder, options, groups, _file_names(pairs), progress)
        rows = cutter.cut(sources, wanted)
        if not rows:
            why = f" Of {skipped[0][0]} it is said: {skipped[0][1]}." if skipped else ""
            raise InputError(f"{annotations} marks nothing in {images} that could be cut out.{why}")
        report = _report(sources, rows, options, wanted, skipped)
        write_record(folder, rows, {"options": vars(options), "report": report.to_json()})
    return report


def _file_names(pairs: Sequence[Pair]) -> dict[str, str]:
    """For each image a name of its own, without folder and ending, to begin file names with."""
    names = [pair.name for pair in pairs if is_text(pair.name)]
    stems = [str(Path(name).with_suffix("")) for name in names]
    return dict(zip(names, file_names(stems, "image"), strict=True))


def _groups(pairs: Sequence[Pair], pattern: str | None) -> dict[str, str]:
    """The group of each image."""
    groups = _file_names(pairs)
    if pattern is None:
        return groups
    found = {name: text for name in groups if (text := safe_name(_found(pattern, name)))}
    if not found:
        raise InputError(f"group_by = {pattern!r} matches no image, such as {pairs[0].name}.")
    return groups | found


def _found(pattern: str, name: str) -> str:
    """What a pattern finds: its bracketed groups, or all of it; empty if nothing."""
    match = re.search(pattern, name)
    if match is None:
        return ""
    return "_".join(part for part in match.groups() if part) or match[0]


def _check_labels(sources: Sequence[Source], options: CropOptions, annotations: Path) -> None:
    labels = sorted({label for source in sources for label in source.labels}, key=natural_key)
    classes = {class_name(label) for label in labels}
    if options.labels is not None:
        for label in options.labels:
            if class_name(label) not in classes:
                has = f"It has {listed(labels, 20)}." if labels else "It has none."
                hint = did_you_mean(label, labels)
                raise InputError(
                    f"{annotations} has no usable shape of a label {label!r}.{hint} {has}"
                )
        classes = {class_name(label) for label in options.labels}
    if options.intact != 0 and class_name(options.intact_name) in classes:
        raise InputError(
            f"{options.intact_name!r} is a label of the annotations: give the crops that are cut "
            "where no shape is another intact_name, choose other labels, or set intact to 0."
        )


def _wanted_intact(sources: Sequence[Source], options: CropOptions) -> int:
    if options.intact != "auto":
        return options.intact
    return INTACT_PER_FAILURE * sum(len(source.failures) for source in sources)


def _report(
    sources: Sequence[Source],
    rows: Sequence[Row],
    options: CropOptions,
    wanted: int,
    skipped: Sequence[tuple[str, str]],
) -> CropReport:
    failures = [failure for source in sources for failure in source.failures]
    names = sorted({row.label for row in rows}, key=natural_key)
    return CropReport(
        size=options.size,
        side=options.source_side,
        counts={name: sum(row.label == name for row in rows) for name in names},
        sources={name: len({r.image for r in rows if r.label == name}) for name in names},
        images=len({row.image for row in rows}),
        groups=len({row.group for row in rows}),
        failures=sum(failure.part == 1 for failure in failures),
        divided=sum(failure.part == 2 for failure in failures),
        slivers=sum(source.slivers for source in sources),
        repeated=sum(source.repeated for source in sources),
        intact=sum(row.shape is None for row in rows),
        wanted_intact=wanted,
        skipped=tuple(sorted(skipped, key=lambda item: natural_key(item[0]))),
        bad_shapes=tuple(item for source in sources for item in source.bad),
        no_intact=tuple(s.pair.name for s in sources if wanted and not s.complete),
        mixed=tuple(row.path for row in rows if row.mixed),
    )
