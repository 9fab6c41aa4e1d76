"""Decode listed files into one array on disk, whatever their number."""

from __future__ import annotations

import functools
import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from neuplug.data.decoding import Pixels, Resize, Unreadable, fit, read, thumbnail, to_uint8
from neuplug.data.listing import Entry, SplitName
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress

_CHUNK = 256  # images decoded before the next are begun: bounds the memory

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
        bits: Significant bits of a 16-bit image; 8 of any other.
        thumbnail: uint8 (SIDE, SIDE); ``None`` if no near duplicate of it is to be looked for.
    """

    id: str
    label: str
    split: SplitName | None
    group: str | None
    digest: str
    size: tuple[int, int]
    mode: str
    bits: int = 8
    thumbnail: NDArray[np.uint8] | None = None


def build(
    entries: Sequence[Entry],
    folder: Path,
    imgsz: tuple[int, int],
    resize: Resize,
    strict: bool,
    progress: Progress,
) -> tuple[list[Original], list[tuple[str, str]]]:
    """Decode ``entries`` into ``folder/images.npy``, uint8 (N, C, H, W).

    C is 1 if every image is grey, else 3. The number of images and of channels and the depth are
    known only at the end, so that the fitted images are first written one after the other as they
    are, and then brought together; no more than some hundred are ever in memory.

    Returns:
        The images, in the array's order; (id, reason) of the files that could not be read.

    Raises:
        InputError: If ``strict`` and a file cannot be read.
    """
    originals: list[Original] = []
    skipped: list[tuple[str, str]] = []
    forms: list[tuple[np.dtype[Any], tuple[int, ...]]] = []
    aside = folder / "fitted"
    with aside.open("wb") as file:
        decode = functools.partial(_decode, imgsz=imgsz, resize=resize)
        for entry, found in each(decode, entries, progress, "decoding"):
            if isinstance(found, Unreadable):
                skipped.append((entry.id, str(found)))
                if strict:
                    raise strict_error(*skipped[0])
                continue
            original, fitted = found
            originals.append(original)
            forms.append((fitted.dtype, fitted.shape))
            file.write(fitted.tobytes())
    bits = max((original.bits for original in originals), default=8)
    channels = max((shape[2] for _, shape in forms if len(shape) == 3), default=1)
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(originals), channels, *imgsz)}
    with aside.open("rb") as file, (folder / "images.npy").open("wb") as images:
        write_array_header_1_0(images, header)
        for dtype, shape in forms:
            fitted = np.fromfile(file, dtype, math.prod(shape)).reshape(shape)
            planes = np.moveaxis(np.atleast_3d(to_uint8(fitted, bits)), -1, 0)
            # a grey image fills all channels
            images.write(np.broadcast_to(planes, (channels, *imgsz)).tobytes())
    aside.unlink()
    return originals, skipped


def strict_error(id_: str, reason: str) -> InputError:
    """The sentence that stops a strict run."""
    return InputError(
        f"{id_} cannot be read: {reason}. "
        "Without --strict such files are skipped, named and counted."
    )


def _decode(
    entry: Entry, imgsz: tuple[int, int], resize: Resize
) -> tuple[Original, Pixels] | Unreadable:
    try:
        found = read(entry.path)
    except Unreadable as error:
        return error
    # only the fitted pixels are kept: a chunk of original ones may not fit into memory
    own = (found.digest, found.size, found.mode, found.bits, thumbnail(found.native, found.bits))
    original = Original(entry.id, entry.label, entry.split, entry.group, *own)
    return original, fit(found.native, imgsz, resize)


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
