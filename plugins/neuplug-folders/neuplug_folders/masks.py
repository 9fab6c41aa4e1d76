"""Tell folders of annotations and mask files among images from images of a class.

A name alone proves nothing: ``mask`` is a class of a set of faces. So where something else than a
name does not decide, a few of the candidates are opened: a mask has few grey levels.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

_ALWAYS = {
    "annotation", "annotations", "annot", "annots", "anno", "annos", "groundtruth", "groundtruths",
    "segmentation", "segmentations", "segmentationclass", "segmentationobject", "trimap", "trimaps",
    "bbox", "bboxes", "labelme", "labelimg", "segmask", "segmasks",
    "pixellabels", "segmentationclassaug",
}  # fmt: skip
_PERHAPS = {
    "mask", "masks", "label", "labels", "lable", "lables", "gt", "gts", "seg", "segs", "xml",
    "xmls", "json", "jsons",
}  # fmt: skip
_WORD = (
    r"(?:mask|label|lable|gt|segm?|segmentation|ground[\s_\-]?truth|annotation|annot|anno|matte|"
    r"trimap)s?"
)
_AFTER = re.compile(rf"(?P<base>.+?)[\s_\-.]+(?P<word>{_WORD})(?:[\s_\-.]*\d+)?", re.IGNORECASE)
_BEFORE = re.compile(rf"(?P<word>{_WORD})[\s_\-.]+(?P<base>.+)", re.IGNORECASE)
# mask_0, label0 and benign_gt_0, of which the photograph may be image_0, img0 and benign_0
_IN_PLACE = re.compile(
    rf"(?P<before>(?:.*[\s_\-.])?)(?P<word>{_WORD})(?:[\s_\-.]+|(?=\d))(?P<tail>.+)", re.IGNORECASE
)
_TAIL = re.compile(r"(?<=[\s_\-.])(?=[^\s_\-.])|(?<!\d)(?=\d)|\A")

# Where what is added to another file's stem may begin: x_bin, xMask, 12lesion
_ADDED = re.compile(r"(?=[\s_\-.(])|(?<=[a-z\d])(?=[A-Z])|(?<=\d)(?=[a-z])")
_MANY = 3  # files with the same addition, without which its word must be a known one

_LOOKED_AT = 24  # files that are opened to tell what many of one kind are
_PIXELS = 256  # a side, to which an image is thinned out before its levels are counted
_LEVELS = 32


def words(name: str) -> list[str]:
    """The words of a name in lower case, digits left out: ``SegClass_2`` has ``seg`` and ``class``.

    Example:
        >>> words("PublicTest-2017")
        ['public', 'test']
    """
    return [w.casefold() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", name)]


def annotation_name(name: str) -> Literal["always", "perhaps", ""]:
    """Whether a folder of that name has annotations: always, or if its files look like it."""
    found = words(name)
    pairs = ["".join(pair) for pair in itertools.pairwise(found)]
    if _ALWAYS & {*found, *pairs, "".join(found)}:
        return "always"
    return "perhaps" if _PERHAPS & set(found) else ""


def is_mask(path: Path) -> bool:
    """Whether an image has few levels, or nearly all of it is black or white."""
    import numpy as np
    from PIL import Image

    if not path.is_file():  # a link to a pipe would never end
        return False
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            mode = image.mode
            if mode == "1":
                return True
            as_is = mode in ("L", "P") or mode.startswith("I")
            pixels: Any = np.asarray(image if as_is else image.convert("RGB"))
    except Exception:  # a broken file is no mask, and is named when it is decoded
        return False
    pixels = pixels[:: -(-pixels.shape[0] // _PIXELS), :: -(-pixels.shape[1] // _PIXELS)]
    flat = pixels.reshape(-1, pixels.shape[2]) if pixels.ndim == 3 else pixels.reshape(-1, 1)
    counts = np.sort(np.unique(flat, axis=0, return_counts=True)[1])[::-1]
    if len(counts) <= max(2, min(_LEVELS, len(flat) // 8)) or counts[:8].sum() >= 0.95 * len(flat):
        return True
    grey = flat.mean(axis=1)
    eight = pixels.dtype == np.uint8 and mode != "P"
    return eight and bool(((grey <= 32) | (grey >= 223)).mean() >= 0.9)


def are_masks(paths: Sequence[Path]) -> bool:
    """Whether nearly all of a few of the images are masks."""
    some = _some(paths)
    return bool(some) and sum(map(is_mask, some)) >= 0.8 * len(some)


def _some(paths: Sequence[Path]) -> Sequence[Path]:
    return paths if len(paths) <= _LOOKED_AT else paths[:: -(-len(paths) // _LOOKED_AT)]


def masks_among(images: Iterable[Path]) -> set[Path]:
    """The masks that lie among images: those with a twin, by name, that look like masks.

    Twins are ``x.png`` and ``x_mask.png``, ``mask_x.png`` or ``x_label.bmp``. Two files whose names
    differ in the ending alone, or where one has such a word in the place of another, as ``mask_0``
    and ``image_0``, or adds the same to the other's name as many do, such as ``x.png`` and
    ``x_bin.png``, are twins if one kind looks like masks and the other does not.
    """
    found: set[Path] = set()
    named: dict[tuple[str, str], list[Path]] = defaultdict(list)
    paired: dict[tuple[str, str], list[tuple[Path, Path]]] = defaultdict(list)
    longer: dict[tuple[str, str], list[tuple[Path, Path]]] = defaultdict(list)
    by_stem: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in images:
        by_stem[path.parent, path.stem.casefold()].append(path)
    tails = _tails(by_stem)
    for (folder, stem), same in by_stem.items():
        match = _AFTER.fullmatch(stem) or _BEFORE.fullmatch(stem)
        if match and (folder, match["base"]) in by_stem:
            for path in same:
                named[match["word"], path.suffix.lower()].append(path)
        elif (other := _IN_PLACE.fullmatch(stem)) and (
            photo := _photo(tails[folder, other["tail"]], other["before"])
        ):
            match = other
            for path in same:
                paired[other["word"], path.suffix.lower()].append((path, photo))
        for first in same:
            for second in same:
                if first.suffix.lower() != second.suffix.lower():
                    paired[first.suffix.lower(), second.suffix.lower()].append((first, second))
        if not match:
            for path in same:
                if twin := _shorter(path, by_stem):
                    added = re.sub(r"\d+", "", stem[len(twin.stem) :])
                    longer[added, path.suffix.lower()].append((path, twin))
    for paths in named.values():
        found |= _confirmed(paths)
    many = [pairs for pairs in longer.values() if len(pairs) >= _MANY]
    for pairs in [*paired.values(), *many]:
        left = [(mask, photo) for mask, photo in pairs if mask not in found and photo not in found]
        if left and not are_masks([photo for _, photo in left]):
            found |= _confirmed([mask for mask, _ in left])
    return found


def _tails(
    by_stem: Mapping[tuple[Path, str], Sequence[Path]],
) -> Mapping[tuple[Path, str], list[Path]]:
    """Folders and how the stems of images in them end, to these; masks by their names left out."""
    found: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for (folder, stem), paths in by_stem.items():
        if not _IN_PLACE.fullmatch(stem):
            for place in _TAIL.finditer(stem):
                found[folder, stem[place.start() :]].append(paths[0])
    return found


def _photo(images: Sequence[Path], before: str) -> Path | None:
    """The first of images whose names end alike that begins as a mask does before its word."""
    return next((path for path in images if path.stem.casefold().startswith(before)), None)


def _shorter(path: Path, by_stem: Mapping[tuple[Path, str], Sequence[Path]]) -> Path | None:
    """The image whose stem another begins with that adds letters, and not a number alone."""
    places = [match.start() for match in _ADDED.finditer(path.stem) if match.start()]
    for place in reversed(places):
        twins = by_stem.get((path.parent, path.stem[:place].casefold()))
        if twins and re.search(r"[^\W\d_]", path.stem[place:]):
            return twins[0]
    return None


def _confirmed(paths: Sequence[Path]) -> set[Path]:
    """Those that are masks: all where a few of many all are, else each is looked at."""
    some = _some(paths)
    looked = {path for path in some if is_mask(path)}
    if len(looked) >= 0.9 * len(some):  # one may be spoiled by compression
        return set(paths)
    if not looked:
        return set()
    return {path for path in paths if path in looked or (path not in some and is_mask(path))}
