"""A whole set of images, decoded once and kept in the cache, with splits, groups and a report.

A set lives in a folder of the cache as ``images.npy``, uint8 (N, C, H, W), and ``meta.json``. The
folder's name, the set's key, is a hash of all that decides its content, so a set is decoded once
and any process can open it by key. Sets above :data:`MEMORY_LIMIT` stay on disk, memory-mapped.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any, Self, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from neuplug.data.building import NO_RANGE, Original, build, strict_error
from neuplug.data.imageset import ImageSet
from neuplug.data.layouts import scan
from neuplug.data.listing import (
    FORMAT,
    Listing,
    SplitName,
    chosen_classes,
    fingerprint,
    listed,
    refuse_choices,
)
from neuplug.data.pixeloptions import Channels, PixelOptions, Range, Resize
from neuplug.data.pixels import thumbnail
from neuplug.data.report import DataReport, Near
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress, silent
from neuplug.storage.store import MissingResult, Store, cache_dir

# Bytes of pixels up to which a set is read into memory; a larger one is memory-mapped
MEMORY_LIMIT = 2 * 1024**3

# A test or validation image, an image in another part that gives it away, and how: ``equal``,
# ``nearly equal`` or ``of one group``
Leak: TypeAlias = tuple[str, str, str]

# The source that stands for the demo data; a folder of that name is ``./demo``
DEMO = "demo"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with what is known about them.

    Attributes:
        images: All images, decoded at one size.
        splits: For each image the part of a given split it belongs to, or ``None``.
        groups: For each image its group. A group never crosses a split; it joins what the user
            grouped with exact and near duplicates, and every other image is a group of its own.
        report: Facts for people.
        key: The set's name in the cache.

    Example:
        >>> photos = torch.randint(0, 256, (6, 1, 32, 32), dtype=torch.uint8)
        >>> images = neuplug.training_set(photos, ["rust", "dent"] * 3)
        >>> objects = ["cog", "cog", "axle", None, None, None]
        >>> data = neuplug.Dataset.from_imageset(images, groups=objects)
        >>> len(data), data.report.counts, data.groups[0] == data.groups[1]
        (6, {'dent': 3, 'rust': 3}, True)
        >>> torch.equal(neuplug.Dataset.open(data.key).images.images, photos)
        True
        >>> pair = neuplug.training_set(photos[:2], ["rust", "dent"])
        >>> leaky = neuplug.Dataset.from_imageset(pair, ["cog", "cog"], ["train", "test"])
        >>> [how for _, _, how in leaky.leaks], leaky.leak.partition(": ")[0]
        (['of one group'], 'the given split leaks')
    """

    images: ImageSet
    splits: tuple[SplitName | None, ...]
    groups: tuple[str, ...]
    report: DataReport
    key: str

    def __len__(self) -> int:
        return len(self.images)

    @functools.cached_property
    def leaks(self) -> tuple[Leak, ...]:
        """(id, id, how) of each test or validation image that another part gives away.

        The second image lies in another part of the given split, and the two are ``equal``,
        ``nearly equal`` or ``of one group``. An image of no given part gives nothing away: whoever
        draws the split leaves it out.
        """
        images = list(zip(self.images.ids, self.splits, self.groups, strict=True))
        part = dict(zip(self.images.ids, self.splits, strict=True))
        first: dict[str, dict[str, str]] = defaultdict(dict)
        for id_, split, group in images:
            if split is not None:
                first[group].setdefault(split, id_)
        twins = _twins(self.report)
        found = []
        for id_, split, group in images:
            others = {name: other for name, other in first[group].items() if name != split}
            if split not in ("val", "test") or not others:
                continue
            # the copy itself where there is one, else any image of the group
            copies = [twin for twin in twins[id_] if part[twin[0]] not in (None, split)]
            one_of_them = others.get("train", next(iter(others.values())))
            found.append((id_, *(copies[0] if copies else (one_of_them, "of one group"))))
        return tuple(found)

    @property
    def leak(self) -> str:
        """``the given split leaks: …`` with the count and the first few files; empty if not."""
        if not self.leaks:
            return ""
        part = dict(zip(self.images.ids, self.splits, strict=True))
        pairs = [f"{a} ({part[a]}) and {b} ({part[b]}) are {how}" for a, b, how in self.leaks]
        held = sum(split in ("val", "test") for split in self.splits)
        return (
            f"the given split leaks: {len(self.leaks)} of its {held} test and validation images "
            f"have a copy or an image of their group in another part: {listed(pairs, 3)}."
        )

    @classmethod
    def open(cls, key: str, *, mapped: bool = False) -> Self:
        """Open a set that is in the cache; a damaged one is set aside and counts as none.

        Args:
            key: Of the set.
            mapped: Memory-map it whatever its size, so that several processes share one copy.

        Raises:
            InputError: If it is not.
        """
        store = _store()
        try:
            sealed = store.open(key)
            with store.checking(key):
                meta = json.loads(sealed.read("meta.json"))
                file = sealed.checked("images.npy")
                mapped = mapped or file.stat().st_size > MEMORY_LIMIT
                # a change in memory never reaches the file
                pixels = np.load(file, mmap_mode="c" if mapped else None)
        except MissingResult:
            raise InputError(
                f"the cache {cache_dir()} has no data set {key}: load it from its source again."
            ) from None
        images = ImageSet(
            torch.from_numpy(pixels),
            torch.tensor(meta["labels"], dtype=torch.int64),
            tuple(meta["classes"]),
            tuple(meta["ids"]),
        )
        report = DataReport.model_validate(meta["report"])
        return cls(images, tuple(meta["splits"]), tuple(meta["groups"]), report, key)

    @classmethod
    def from_imageset(
        cls,
        images: ImageSet,
        groups: Sequence[str | None] | None = None,
        splits: Sequence[SplitName | None] | None = None,
        near: Near = "on",
    ) -> Self:
        """Put images that are in memory into the cache.

        Args:
            images: At least one.
            groups: For each image its group, if it has one.
            splits: For each image the part of a given split it belongs to, if one is given.
            near: Near duplicates to look for, as of :func:`load_dataset`.

        Raises:
            InputError: If there are no images.
            ValueError: If groups or splits have another length.
        """
        if not len(images):
            raise InputError("images in memory: there are no images.")
        if len(set(images.ids)) < len(images):
            twice = Counter(images.ids).most_common(1)[0][0]
            raise InputError(f"{twice!r} is the id of several images: give each its own.")
        groups = [None] * len(images) if groups is None else list(groups)
        splits = [None] * len(images) if splits is None else list(splits)
        if not len(groups) == len(splits) == len(images):
            raise ValueError("groups and splits need one entry for each image")
        key = _key("images", images.digest(), images.ids, groups, splits, near)
        return cls._made(key, lambda folder: _write_images(folder, images, groups, splits, near))

    @classmethod
    def _made(cls, key: str, write: Callable[[Path], None]) -> Self:
        """What the cache has under ``key``; what ``write`` puts into a folder if it has none."""
        try:
            return cls.open(key)
        except InputError:  # not there, or damaged: then it has been set aside
            with _store().write(key) as folder:
                write(folder)
        return cls.open(key)


def _twins(report: DataReport) -> dict[str, list[tuple[str, str]]]:
    """Id to those of the images that are the same or nearly the same, equal ones first."""
    alike: list[tuple[Sequence[str], str]] = [(cluster, "equal") for cluster in report.exact]
    alike += [((first, second), "nearly equal") for first, second, _ in report.near or ()]
    twins: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for cluster, how in alike:
        for one, other in permutations(cluster, 2):
            twins[one].append((other, how))
    return twins


def load_dataset(
    source: str | Path,
    *,
    imgsz: int | tuple[int, int] = (64, 64),
    resize: Resize = "resize",
    range: Range = "auto",
    channels: Channels = "auto",
    classes: Sequence[str] | None = None,
    strict: bool = False,
    near: Near = "on",
    progress: Progress = silent,
    listing: Listing | None = None,
    **choices: Any,
) -> Dataset:
    """Load images from a folder, a CSV manifest, or the demo data; decode them only once.

    Args:
        source: A path in one of the layouts of ``neuplug.data.layouts``, or ``demo``.
        imgsz: Height and width in pixels, the same for all images; one number is both.
        resize: ``resize`` stretches an image, ``crop`` keeps its aspect and cuts off the rest.
        range: Of images of more than 8 bits, the values that become black and white, such as
            ``(0, 4095)``; ``full``: the range of the file's type; by default found from the whole
            set.
        channels: ``rgb`` or ``grey``; by default one channel if every image is grey, else three.
        classes: Only these, in this order; by default all, in natural order.
        strict: Stop at a file that cannot be read, instead of skipping it.
        near: ``on``; ``off``: no near duplicates; ``overlap``: neighbours that overlap, too.
        progress: Called while files are decoded and near duplicates looked for.
        listing: The files of the source, where they have been listed before.
        choices: How files are listed: ``group_by``, ``min_per_class`` and ``follow``, as of
            ``neuplug compose``, and ``options`` of layouts, by their names.

    Raises:
        InputError: If an argument makes no sense, a class is left without images, or a file cannot
            be read and ``strict`` is set.

    Example:
        >>> data = neuplug.load_dataset("PHOTOS", imgsz=(48, 64))
        >>> data.images.counts(), data.images.image_size, data.report.layout
        ({'dent': 12, 'scratch': 12}, (48, 64), 'a folder of class folders')
    """
    imgsz = (imgsz, imgsz) if isinstance(imgsz, int) else imgsz
    options = PixelOptions(imgsz, resize, range, channels)
    if near not in get_args(Near):
        raise InputError(f"near = {near!r}: choose on, off or overlap.")
    if str(source) == DEMO:
        refuse_choices(**choices)
        if near == "overlap":
            raise InputError("near = overlap: the demo images are drawn and overlap nowhere.")
        dataset = _demo(options, classes)
    else:
        listing = listing or scan(source, **choices)
        if classes is None and listing.empty:
            raise InputError(
                f"{source}: the class folder {listed(listing.empty)} is empty. Put images into it, "
                "remove it, or in a run name the classes you want with --classes."
            )
        chosen = chosen_classes(source, listing.classes, classes, listing.small)
        dataset = _load(listing, chosen, options, strict, near, progress)
        # links may have changed since the images were decoded
        same = ("layout", "small", "remarks", "cautions")
        now = {"source": str(source), "outside": listing.outside(chosen), "files": listing.unused}
        now |= {name: getattr(listing, name) for name in same}
        dataset = replace(dataset, report=dataset.report.model_copy(update=now))
    if strict and dataset.report.skipped:
        raise strict_error(dataset.report.skipped)
    return dataset


def _demo(options: PixelOptions, classes: Sequence[str] | None) -> Dataset:
    from neuplug.data import demo

    chosen = chosen_classes(DEMO, demo.CLASSES, classes)
    code = hashlib.sha256(Path(demo.__file__).read_bytes()).hexdigest()
    free = [None] * demo.PER_CLASS * len(chosen)

    def draw(folder: Path) -> None:
        images = demo.demo_set(options.imgsz, classes=chosen)
        if options.channels == "rgb":
            images = replace(images, images=images.images.expand(-1, 3, -1, -1).contiguous())
        unused = [] if options.range == "auto" else [NO_RANGE]
        _write_images(folder, images, free, free, simulated=True, unused=unused)

    about = (options.imgsz, options.channels, options.range)
    return Dataset._made(_key(DEMO, code, np.__version__, *about, chosen), draw)


def _load(
    listing: Listing,
    classes: tuple[str, ...],
    options: PixelOptions,
    strict: bool,
    near: Near,
    progress: Progress,
) -> Dataset:
    # the root is part of the key: another folder may hold files of the same names, sizes, times
    root = str(listing.root.resolve())
    key = _key("files", root, fingerprint(listing), astuple(options), classes, near)
    entries = [entry for entry in listing.entries if entry.label in classes]

    def decode(folder: Path) -> None:
        built = build(entries, folder, options, strict, progress)
        built.check_classes(classes, entries)
        about = {"layout": listing.layout, **built.facts(options)}
        _write_meta(folder, classes, built.originals, near, progress, source=root, **about)

    return Dataset._made(key, decode)


# The cache ------------------------------------------------------------------------------------


def _key(*facts: Any) -> str:
    return hashlib.sha256(json.dumps([FORMAT, *facts]).encode()).hexdigest()


def _store() -> Store:
    return Store(cache_dir() / "data")


def _write_images(
    folder: Path,
    images: ImageSet,
    groups: Sequence[str | None],
    splits: Sequence[SplitName | None],
    near: Near = "off",
    simulated: bool = False,
    **about: Any,
) -> None:
    """Write images that are in memory, and what is known about them; ``about`` as below."""
    pixels, names = images.images.numpy(), [images.classes[i] for i in images.labels.tolist()]
    np.save(folder / "images.npy", pixels)

    def original(
        image: NDArray[np.uint8], id_: str, label: str, split: SplitName | None, group: str | None
    ) -> Original:
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        shown, mode = (image[0], "grey") if len(image) == 1 else (np.moveaxis(image, 0, -1), "RGB")
        small = None if simulated else thumbnail(shown)  # what code has drawn are no copies
        about = (digest, images.image_size, mode)
        return Original(id_, label, split, group, *about, thumbnail=small)

    originals = list(map(original, pixels, images.ids, names, splits, groups))
    source = f"{DEMO} (simulated)" if simulated else "images in memory"
    about |= {"source": source, "layout": "drawn by code" if simulated else source}
    _write_meta(folder, images.classes, originals, near, silent, simulated=simulated, **about)


def _write_meta(
    folder: Path,
    classes: Sequence[str],
    originals: Sequence[Original],
    near: Near,
    progress: Progress,
    **about: Any,
) -> None:
    """Bind what belongs together, and write all but the pixels; ``about`` is for the report."""
    from neuplug.data.duplicates import bind  # loads what only the search needs

    labels = [classes.index(original.label) for original in originals]
    bound = bind(originals, near, progress)
    report = DataReport(
        counts={name: labels.count(label) for label, name in enumerate(classes)},
        sizes=Counter("{}x{}".format(*original.size) for original in originals),
        modes=Counter(original.mode for original in originals),
        exact=bound.exact,
        conflicts=bound.conflicts,
        near=bound.near,
        whole=bound.whole,
        crowded=bound.crowded,
        **about,
    )
    meta = {
        "classes": classes,
        "labels": labels,
        "ids": [original.id for original in originals],
        "groups": bound.groups,
        "splits": [original.split for original in originals],
        "report": report.model_dump(mode="json"),
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
