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
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neuplug.data.building import each
from neuplug.data.listing import groups_found, listed, natural_key
from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.generator import Progress, silent
from neuplug.storage.files import file_names, safe_name
from neuplug_labelme.cropoptions import CropOptions, class_name, is_text
from neuplug_labelme.cutter import Cutter, Source, look
from neuplug_labelme.folder import Crop, check_out, crop_folder, write_record
from neuplug_labelme.pairing import Pair, pair_up

__all__ = ["CropOptions", "CropReport", "class_name", "crop_failures"]

# Intact crops for each failure crop; the published set has 922 to 301
INTACT_PER_FAILURE = 3

_REASONS = 5  # of what is left out, in a message


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


def crop_failures(
    images: str | Path,
    annotations: str | Path,
    out: str | Path,
    options: CropOptions | None = None,
    *,
    progress: Progress = silent,
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
    pairs, unnamed = _named(pairs, options.group_by)
    skipped += unnamed
    look_at = functools.partial(look, annotations=annotations, options=options)
    sources: list[Source] = []
    for pair, outcome in each(look_at, pairs, progress, "looking"):
        if isinstance(outcome, Source):
            sources.append(outcome)
        else:
            skipped.append((pair.name, outcome))
    _check_labels(sources, options, annotations)
    wanted = options.intact
    if wanted == "auto":
        wanted = INTACT_PER_FAILURE * sum(len(source.failures) for source in sources)
    with crop_folder(out) as folder:
        crops = Cutter(folder, options, progress).cut(sources, wanted)
        if not crops:
            raise InputError(
                f"{annotations} marks nothing in {images} that could be cut out."
                + _reasons(skipped, "images or annotations are skipped")
                + _reasons(
                    [item for source in sources for item in source.bad],
                    f"shapes in {sum(bool(s.bad) for s in sources)} annotations cannot be used",
                )
            )
        report = _report(sources, crops, options, wanted, skipped)
        write_record(folder, crops, {"options": vars(options), "report": vars(report)})
    return report


def _reasons(left_out: Sequence[tuple[str, str]], what: str) -> str:
    """A sentence with the reasons of (name, reason), each with its count and an example."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, reason in left_out:
        names[reason].append(name)
    often = sorted(names, key=lambda reason: -len(names[reason]))
    said = [f"{reason} ({len(names[reason])}: {listed(names[reason], 3)})" for reason in often]
    more = [f"and {len(said) - _REASONS} other reasons"] if len(said) > _REASONS else []
    return f" {len(left_out)} {what}: {'; '.join([*said[:_REASONS], *more])}." if said else ""


def _named(pairs: Sequence[Pair], pattern: str | None) -> tuple[list[Pair], list[tuple[str, str]]]:
    """The images with their groups, and a name of its own for each to begin file names with.

    Returns:
        Also (name, reason) of each image whose own name no table can hold.
    """
    texts = [pair for pair in pairs if is_text(pair.name)]
    stems = file_names([str(Path(pair.name).with_suffix("")) for pair in texts], "image")
    found = groups_found(pattern, [pair.name for pair in texts]) if pattern else {}
    groups = [safe_name(found.get(pair.name, "")) for pair in texts]
    if pattern and texts and not any(groups):
        raise InputError(f"group_by = {pattern!r} matches no image, such as {texts[0].name}.")
    reason = "its name is not in UTF-8, which tables need: rename it"
    return [
        replace(pair, stem=stem, group=f"group={group or stem}")
        for pair, stem, group in zip(texts, stems, groups, strict=True)
    ], [(pair.name, reason) for pair in pairs if not is_text(pair.name)]


def _check_labels(sources: Sequence[Source], options: CropOptions, annotations: Path) -> None:
    found = {shape.label: label for source in sources for label, shape, _ in source.shapes}
    labels, classes = sorted(found, key=natural_key), set(found.values())
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


def _report(
    sources: Sequence[Source],
    crops: Sequence[Crop],
    options: CropOptions,
    wanted: int,
    skipped: Sequence[tuple[str, str]],
) -> CropReport:
    failures = [failure for source in sources for failure in source.failures]
    counts = Counter(crop.label for crop in crops)
    images = {(crop.label, crop.image) for crop in crops}
    names = sorted(counts, key=natural_key)
    return CropReport(
        size=options.size,
        side=options.source_side,
        counts={name: counts[name] for name in names},
        sources={name: sum(label == name for label, _ in images) for name in names},
        images=len({image for _, image in images}),
        groups=len({crop.group for crop in crops}),
        failures=sum(failure.part == 1 for failure in failures),
        divided=sum(failure.part == 2 for failure in failures),
        slivers=sum(source.slivers for source in sources),
        repeated=sum(source.repeated for source in sources),
        intact=sum(crop.shape is None for crop in crops),
        wanted_intact=wanted,
        skipped=tuple(sorted(skipped, key=lambda item: natural_key(item[0]))),
        bad_shapes=tuple(item for source in sources for item in source.bad),
        no_intact=tuple(s.pair.name for s in sources if wanted and s.bad),
        mixed=tuple(crop.path for crop in crops if crop.mixed),
    )
