"""Decode listed files into one array on disk, whatever their number."""

from __future__ import annotations

import functools
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from neuplug.data.decoding import Decoded, Resize, Unreadable, fit, read, to_uint8
from neuplug.data.listing import Entry, SplitName
from neuplug.data.thumbnails import thumbnail
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress

_CHUNK = 256  # images decoded before the next are begun: bounds the memory

_Outcome: TypeAlias = tuple[Decoded, NDArray[np.uint8]] | Unreadable
_Item = TypeVar("_Item")
_T = TypeVar("_T")


@dataclass
class Built:
    """What became of the files.

    Attributes:
        ids: Of the images in the array, in its order.
        labels: Of these images, each an index into the classes.
        splits: Of these images, the given parts.
        groups: Of these images, the given ones.
        digests: Of their original pixels.
        thumbnails: Of their original pixels, uint8 (SIDE, SIDE) each; none if no near duplicates
            are to be looked for.
        sizes: Images per original (height, width).
        modes: Images per way of storing pixels, in words.
        bits: Significant bits of the set's 16-bit images; 8 if there are none.
        skipped: (id, reason) of the files that could not be read.
    """

    ids: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    splits: list[SplitName | None] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    thumbnails: list[NDArray[np.uint8]] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    bits: int = 8
    skipped: list[tuple[str, str]] = field(default_factory=list)


def build(
    entries: Sequence[Entry],
    classes: Sequence[str],
    folder: Path,
    imgsz: tuple[int, int],
    resize: Resize,
    strict: bool,
    progress: Progress,
) -> Built:
    """Decode ``entries`` into ``folder/images.npy``, uint8 (N, C, H, W).

    C is 1 if every image is grey, else 3. The number of images and of channels and the depth are
    known only at the end, so that the fitted images are first written one after the other as they
    are, and then brought together; no more than some hundred are ever in memory.

    Raises:
        InputError: If ``strict`` and a file cannot be read.
    """
    built = Built()
    channels = 1
    aside = folder / "fitted"
    with aside.open("wb") as file:
        decode = functools.partial(_decode, imgsz=imgsz, resize=resize)
        for entry, found in each(decode, entries, progress, "decoding"):
            if isinstance(found, Unreadable):
                if strict:
                    raise strict_error(entry.id, str(found))
                built.skipped.append((entry.id, str(found)))
                continue
            outcome, small = found
            built.ids.append(entry.id)
            built.labels.append(classes.index(entry.label))
            built.splits.append(entry.split)
            built.groups.append(entry.group)
            built.digests.append(outcome.digest)
            built.thumbnails.append(small)
            built.sizes[outcome.size] += 1
            built.modes[outcome.mode] += 1
            built.bits = max(built.bits, outcome.bits)
            channels = 3 if outcome.native.ndim == 3 else channels
            np.save(file, outcome.native)
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(built.ids), channels, *imgsz)}
    with aside.open("rb") as file, (folder / "images.npy").open("wb") as images:
        write_array_header_1_0(images, header)
        for _ in built.ids:
            pixels = to_uint8(np.load(file), built.bits)
            planes = np.moveaxis(np.atleast_3d(pixels), -1, 0)
            # a grey image fills all channels
            images.write(np.broadcast_to(planes, (channels, *imgsz)).tobytes())
    aside.unlink()
    return built


def strict_error(id_: str, reason: str) -> InputError:
    """The sentence that stops a strict run."""
    return InputError(
        f"{id_} cannot be read: {reason}. "
        "Without --strict such files are skipped, named and counted."
    )


def _decode(entry: Entry, imgsz: tuple[int, int], resize: Resize) -> _Outcome:
    try:
        decoded = read(entry.path)
    except Unreadable as error:
        return error
    # only the fitted pixels are kept: a chunk of original ones may not fit into memory
    small = thumbnail(decoded.native, decoded.bits)
    return replace(decoded, native=fit(decoded.native, imgsz, resize)), small


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
