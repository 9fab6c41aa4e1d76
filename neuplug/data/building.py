"""Decode listed files into one array on disk, whatever their number."""

from __future__ import annotations

import functools
import math
import os
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from neuplug.data.decoding import read
from neuplug.data.listing import Entry, SplitName, listed
from neuplug.data.pixeloptions import PixelOptions, Range
from neuplug.data.pixels import (
    SIDE,
    PixelRange,
    Pixels,
    find_range,
    fit,
    grey,
    kind_of,
    number,
    sample,
    thumbnail,
    to_uint8,
)
from neuplug.data.report import why
from neuplug.data.stored import Unreadable
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress

_CHUNK = 256  # images decoded before the next are begun: bounds the memory
_FINE = 8 * SIDE  # half the least side to which a very large picture is reduced by its decoder

NO_RANGE = "--range is not used: no image has more than 8 bits."

_Item = TypeVar("_Item")
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Original:
    """What is known of an image of a set besides its fitted pixels.

    Attributes:
        id: Unique within the set.
        label: Its class.
        split: The given part that it belongs to, if there is one.
        group: The given one, if there is one.
        digest: Equal for images whose original pixels are.
        size: Its original (height, width).
        mode: How its pixels are stored, in words.
        depth: The dtype of its file's numbers.
        pages: How many pages or frames its file has.
        remarks: What of its file was left out or changed.
        thumbnail: uint8 (SIDE, SIDE); ``None`` if no near duplicate of it is to be looked for.
    """

    id: str
    label: str
    split: SplitName | None
    group: str | None
    digest: str
    size: tuple[int, int]
    mode: str
    depth: str = "uint8"
    pages: int = 1
    remarks: tuple[str, ...] = ()
    thumbnail: NDArray[np.uint8] | None = None


@dataclass(eq=False)
class Built:
    """What has been decoded.

    Attributes:
        originals: The images, in the array's order.
        skipped: (id, reason) of the files that could not be read.
        colour: How many images are of colour.
        channels: Of the array.
        ranges: Black and white of images of more than 8 bits, by kind.
        shortcuts: Sentences, see :attr:`neuplug.data.report.DataReport.shortcuts`.
    """

    originals: list[Original]
    skipped: list[tuple[str, str]]
    colour: int
    channels: int
    ranges: dict[str, PixelRange]
    shortcuts: list[str]

    def facts(self, options: PixelOptions) -> dict[str, Any]:
        """What the report says of the way from files to pixels."""
        notes = [found.note for found in self.ranges.values()]
        unused = [found.warning for found in self.ranges.values() if found.warning]
        if options.range != "auto" and not self.ranges:
            unused.append(NO_RANGE)
        paged = [original for original in self.originals if original.pages > 1]
        if paged:
            unused.append(
                f"{len(paged)} file(s) have {sum(o.pages for o in paged)} pages or frames; the "
                f"first of each is used: {listed([o.id for o in paged], 3)}."
            )
        remarks: dict[str, list[str]] = defaultdict(list)
        for original in self.originals:
            for remark in original.remarks:
                remarks[remark].append(original.id)
        unused += [f"{len(ids)} image(s) {r}: {listed(ids, 3)}." for r, ids in remarks.items()]
        as_rgb = sum(re.fullmatch("RGB.* holding grey", o.mode) is not None for o in self.originals)
        if self.channels == 1 and options.channels == "auto" and as_rgb:
            notes.append(
                f"{as_rgb} image(s) store grey as RGB; all images are grey, and one channel is "
                "kept. --channels rgb keeps three."
            )
        if self.channels == 1 and self.colour:
            notes.append(f"{self.colour} colour image(s) are turned into grey ones.")
        ranges = {kind: (found.low, found.high) for kind, found in self.ranges.items()}
        about = {"skipped": self.skipped, "shortcuts": self.shortcuts}
        return about | {"ranges": ranges, "notes": notes, "unused": unused}

    def check_classes(self, classes: Sequence[str], entries: Sequence[Entry]) -> None:
        """Refuse classes without an image.

        Raises:
            InputError: With their names, and why their files cannot be read.
        """
        read = {original.label for original in self.originals}
        without = [name for name in classes if name not in read]
        ids = {entry.id for entry in entries if entry.label in without}
        if without:
            have = "class {} has" if len(without) == 1 else "classes {} have"
            raise InputError(
                f"{have.format(listed(without))} no image that can be read; {len(ids)} file(s): "
                f"{why([item for item in self.skipped if item[0] in ids])}."
            )


def build(
    entries: Sequence[Entry],
    folder: Path,
    options: PixelOptions,
    strict: bool,
    progress: Progress,
) -> Built:
    """Decode ``entries`` into ``folder/images.npy``, uint8 (N, C, H, W).

    With ``channels=auto`` C is 1 if every image is grey, else 3. The number of images and of
    channels and the range of values are known only at the end, so that the fitted images are first
    written one after the other as they are, and then brought together; no more than some hundred
    are ever in memory.

    Raises:
        InputError: If ``strict`` and a file cannot be read: all are looked at first.
    """
    originals: list[Original] = []
    skipped: list[tuple[str, str]] = []
    forms: list[tuple[np.dtype[Any], tuple[int, ...]]] = []
    samples: dict[str, list[NDArray[Any]]] = defaultdict(list)
    aside = folder / "fitted"
    with aside.open("wb") as file:
        decode = functools.partial(_decode, options=options, images=len(entries))
        for entry, found in each(decode, entries, progress, "decoding"):
            if isinstance(found, Unreadable):
                skipped.append((entry.id, str(found)))
                continue
            original, fitted, some = found
            originals.append(original)
            forms.append((fitted.dtype, fitted.shape))
            file.write(fitted.tobytes())
            if kind := kind_of(original.depth, options.range):
                samples[kind].append(some)
    if strict and skipped:
        raise strict_error(skipped)
    ranges = {k: find_range(k, some, options.range) for k, some in samples.items()}
    colour = sum(len(shape) == 3 for _, shape in forms)
    channels = 3 if options.channels == "rgb" or (colour and options.channels == "auto") else 1
    shape = (len(originals), channels, *options.imgsz)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with aside.open("rb") as file, (folder / "images.npy").open("wb") as images:
        write_array_header_1_0(images, header)
        for original, (dtype, size) in zip(originals, forms, strict=True):
            fitted = np.fromfile(file, dtype, math.prod(size)).reshape(size)
            if kind := kind_of(original.depth, options.range):
                fitted = to_uint8(fitted, ranges[kind].low, ranges[kind].high)
            fitted = grey(fitted) if channels == 1 else fitted
            planes = np.moveaxis(np.atleast_3d(fitted), -1, 0)
            # a grey image fills all channels
            images.write(np.broadcast_to(planes, shape[1:]).tobytes())
    aside.unlink()
    colours = ["colour" if channels == 3 and len(form) == 3 else "grey" for _, form in forms]
    alike = zip(originals, colours, strict=True)
    shortcuts = [*_formats(alike), *_units(originals, samples, ranges, options.range)]
    return Built(originals, skipped, colour, channels, ranges, shortcuts)


def _formats(originals: Iterable[tuple[Original, str]]) -> Iterator[str]:
    """Classes whose files have other numbers than those of all others."""
    forms: dict[str, set[str]] = defaultdict(set)
    for original, colour in originals:
        forms[original.label].add(f"{original.depth} {colour}")
    common = Counter(form for own in forms.values() for form in own)
    own = {name: found for name, found in forms.items() if all(common[f] == 1 for f in found)}
    if own and len(forms) > 1:
        told = [f"{name} ({', '.join(sorted(found))})" for name, found in own.items()]
        yield (
            f"{len(own)} of {len(forms)} classes are stored unlike all others, which a classifier "
            f"may learn in place of what they show: {listed(told, 3)}. Store all images alike."
        )


def _units(
    originals: Sequence[Original],
    samples: Mapping[str, Sequence[NDArray[Any]]],
    ranges: Mapping[str, PixelRange],
    how: Range,
) -> Iterator[str]:
    """Classes and images whose values fill black to white as no others do, as if in other units."""
    for kind, found in ranges.items():
        owners = [original for original in originals if kind_of(original.depth, how) == kind]
        by_class: dict[str, list[NDArray[Any]]] = defaultdict(list)
        for original, values in zip(owners, samples[kind], strict=True):
            by_class[original.label].append(values)
        dark = [name for name, own in by_class.items() if found.narrow(np.concatenate(own))]
        flat = [
            original.id
            for original, values in zip(owners, samples[kind], strict=True)
            if original.label not in dark and found.nearly_flat(values)
        ]
        about = f"black is {number(found.low)} and white {number(found.high)}"
        if 0 < len(dark) < len(by_class):
            yield (
                f"the images of {len(dark)} class(es) have a tenth of the range of grey levels or "
                f"less, others more, as if in another unit: {listed(dark, 3)} ({about}). Store all "
                "images in one unit."
            )
        if 0 < len(flat) < len(owners):
            yield (
                f"{len(flat)} image(s) have five grey levels or fewer, as if in another unit: "
                f"{listed(flat, 3)} ({about}). Store all images in one unit."
            )


def strict_error(skipped: Sequence[tuple[str, str]]) -> InputError:
    """The sentence that stops a strict run."""
    return InputError(
        f"{len(skipped)} file(s) cannot be read: {why(skipped)}. "
        "Without --strict such files are skipped, named and counted."
    )


def _decode(
    entry: Entry, options: PixelOptions, images: int
) -> tuple[Original, Pixels, NDArray[Any]] | Unreadable:
    """The image, its fitted pixels, and some of its values if they are of more than 8 bits."""
    try:
        found = read(entry.path, least=2 * max(*options.imgsz, _FINE))
    except Unreadable as error:
        return error
    # only the fitted pixels are kept: a chunk of original ones may not fit into memory
    about = (found.digest, found.size, found.mode, found.depth, found.pages, found.remarks)
    own = (*about, thumbnail(found.native))
    original = Original(entry.id, entry.label, entry.split, entry.group, *own)
    return original, fit(found.native, options.imgsz, options.resize), sample(found.native, images)


def each(
    work: Callable[[_Item], _T], items: Sequence[_Item], progress: Progress, note: str
) -> Iterator[tuple[_Item, _T]]:
    """Each item with what ``work`` makes of it, in order, several at a time.

    Args:
        work: Reads an image, or several.
        items: One for each call.
        progress: Called before each result, and at the end.
        note: What is being done, for ``progress``.
    """
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files; what matters is raised
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            for place, pair in enumerate(zip(chunk, pool.map(work, chunk), strict=True), start):
                progress(place, len(items), note)
                yield pair
    progress(len(items), len(items), note)
