"""What there is to know of a set of images before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from neuplug.data.listing import listed
from neuplug_data.groups import suggest

if TYPE_CHECKING:
    from neuplug.data.dataset import Dataset
    from neuplug.data.listing import Listing

_LOOKED_AT = 12  # images that are opened again to tell label maps
_FEW_LEVELS = 5
_UNEQUAL = 3  # the largest class by the smallest, from which it is worth a word


class Page(NamedTuple):
    """A data set as it is shown.

    Attributes:
        classes: Images by class, the columns being given parts, if there are any.
        parts: Their names.
        seen: What the images are, as (title, text).
        unused: What is not used, as sentences.
        odd: What to look at before training, as sentences.
        lists: Names of files under titles.
    """

    source: str
    layout: str
    summary: str
    classes: list[tuple[str, list[int], int]]
    parts: list[str]
    seen: list[tuple[str, str]]
    unused: list[str]
    odd: list[str]
    lists: list[tuple[str, list[str]]]


def as_json(dataset: Dataset, listing: Listing | None) -> dict[str, Any]:
    """What is shown, as JSON values."""
    height, width = dataset.images.image_size
    suggested = _suggestion(dataset, listing)
    return {
        **dataset.report.model_dump(mode="json"),
        "images": len(dataset),
        "imgsz": [height, width],
        "channels": dataset.images.channels,
        "splits": split_counts(dataset),
        "groups": len(set(dataset.groups)),
        "leaks": dataset.leaks,
        "largest_class_accuracy": max(dataset.report.counts.values()) / len(dataset),
        "suggested_group_by": suggested.pattern if suggested else None,
        "warnings": list(odd(dataset, listing)),
        "key": dataset.key,
    }


def split_counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Images by given split, then class; empty if no split is given."""
    classes, labels = dataset.images.classes, dataset.images.labels.tolist()
    counts: dict[str, dict[str, int]] = {}
    if any(dataset.splits):
        for split, label in zip(dataset.splits, labels, strict=True):
            part = counts.setdefault(split or "train", dict.fromkeys(classes, 0))
            part[classes[label]] += 1
    return {name: counts[name] for name in ("train", "val", "test") if name in counts}


def page_of(dataset: Dataset, listing: Listing | None) -> Page:
    """Everything that the page shows."""
    report, images = dataset.report, dataset.images
    parts = split_counts(dataset)
    height, width = images.image_size
    kind = "grey" if images.channels == 1 else "RGB"
    groups = len(set(dataset.groups))
    seen = [
        ("sizes (HxW)", _counted(dict(report.sizes.most_common()))),
        ("modes", _counted(dict(report.modes.most_common()))),
    ]
    seen += [("pixels", sentence) for sentence in report.notes]
    if groups < len(dataset):
        seen.append(("groups that a split never divides", str(groups)))
    name, number = max(report.counts.items(), key=lambda item: item[1])
    seen.append(
        ("always answering", f"{name} is right for {number} of {len(dataset)} images"
         f" ({100 * number / len(dataset):.1f} %)")
    )  # fmt: skip
    seen += [("remark", sentence.rstrip(".")) for sentence in report.remarks]
    return Page(
        report.source,
        report.layout,
        f"{len(dataset)} images in {len(report.counts)} classes; decoded: {kind} {height}x{width}",
        [(name, [p[name] for p in parts.values()], n) for name, n in report.counts.items()],
        list(parts),
        seen,
        [*map(str, report.files), *report.unused],
        [sentence[:1].upper() + sentence[1:] for sentence in odd(dataset, listing)],
        list(_lists(dataset)),
    )


def odd(dataset: Dataset, listing: Listing | None) -> Iterator[str]:
    """Sentences about what to look at: the run's own warnings first."""
    report, images = dataset.report, dataset.images
    if report.simulated:
        yield "these images are simulated: they are drawn by code."
    if dataset.leak:
        yield dataset.leak
    for sentence in report.warnings(leaking=any(dataset.splits)):
        if (
            not sentence.startswith("not used: ") and sentence not in report.unused
        ):  # said elsewhere
            yield sentence
    yield from _unlearnt(split_counts(dataset))
    yield from _levels(dataset, listing)
    few = [f"{name} ({number})" for name, number in report.counts.items() if number < 2]
    if few:
        yield (
            f"too few images to train and to test on: {', '.join(few)}; --min-per-class 2 leaves "
            "such classes out."
        )
    if len(report.counts) < 2:
        yield "there is one class only, and a classifier needs at least two."
    most, least = max(report.counts.values()), min(report.counts.values())
    if most >= _UNEQUAL * least:
        yield (
            f"the classes are unequal: the largest has {most} images, the smallest {least}. Read "
            "macro F1 and the recall of each class, for accuracy counts the large ones."
        )
    sizes = {size: tuple(map(int, size.split("x"))) for size in report.sizes}
    small = sum(
        report.sizes[size]
        for size, (height, width) in sizes.items()
        if height < images.image_size[0] and width < images.image_size[1]
    )
    if small and not report.simulated:
        yield f"{small} image(s) are smaller than the decoded size and are enlarged: see --imgsz."
    shapes = [height / width for height, width in sizes.values() if width]
    if shapes and max(shapes) > 1.5 * min(shapes):
        yield (
            "the images' aspect ratios differ by more than a half, so that stretching them "
            "distorts some: --crop keeps them."
        )
    if (suggestion := _suggestion(dataset, listing)) is not None:
        yield f"{suggestion}."


def _unlearnt(parts: dict[str, dict[str, int]]) -> Iterator[str]:
    """Classes that a given split leaves without images to learn from or to test on."""
    if parts and "train" not in parts:
        yield f"the given split has no training part, but {listed(list(parts))}: see --resplit."
        return
    why = {
        "train": "which a classifier then never answers rightly",
        "test": "so that the test says nothing of them",
    }
    for part, counts in parts.items():
        without = [name for name, number in counts.items() if not number]
        if without and part in why:
            yield (
                f"{len(without)} class(es) have no {part} images in the given split, {why[part]}: "
                f"{listed(without, 3)}. See --resplit."
            )


def _levels(dataset: Dataset, listing: Listing | None) -> Iterator[str]:
    """Grey images of 8 bits with hardly any levels, as label maps have them."""
    import numpy as np

    from neuplug.data.decoding import read
    from neuplug.data.stored import Unreadable

    used = set(dataset.images.ids)
    entries = [entry for entry in listing.entries if entry.id in used] if listing else []
    found: set[int] = set()
    some = entries[:: -(-len(entries) // _LOOKED_AT) or 1]
    for entry in some:
        try:
            pixels = read(entry.path).native
        except Unreadable:  # has changed since it was decoded
            return
        if pixels.ndim != 2 or pixels.dtype != np.uint8:
            return
        found |= set(np.unique(pixels).tolist())
        if len(found) > _FEW_LEVELS:
            return
    if found:
        yield (
            f"the {len(some)} image(s) looked at have the grey levels "
            f"{listed(list(map(str, sorted(found))))} alone, of 0 to 255, as masks and label maps "
            "have: are these the photographs?"
        )


def _suggestion(dataset: Dataset, listing: Listing | None):  # type: ignore[no-untyped-def]
    if listing is None or any(entry.group for entry in listing.entries):
        return None
    ids = dataset.images.ids
    names = [dataset.images.classes[label] for label in dataset.images.labels.tolist()]
    return suggest(ids, names)


def _lists(dataset: Dataset) -> Iterator[tuple[str, list[str]]]:
    report = dataset.report
    if report.outside:
        title = "outside the folder of the data, by a link or a path in the manifest"
        yield title, list(report.outside)
    yield "unreadable files", [f"{id_}: {reason}" for id_, reason in report.skipped]
    yield "exact duplicates", [" = ".join(cluster) for cluster in report.exact]
    if report.conflicts:
        yield "of these with different labels", [" = ".join(c) for c in report.conflicts]
    if report.near is not None:
        shown = [f"{a} ~ {b} (correlation {score:.3f})" for a, b, score in report.near]
        yield "near duplicates", shown
    if report.whole:
        title = "classes of near duplicates of one another, which a split divides"
        yield title, list(report.whole)
    if report.crowded:
        number = [str(report.crowded)]
        yield "images that look like another one, but no more than most do", number


def _counted(numbers: dict[str, int], most: int = 20) -> str:
    """``200x200 (1800), 100x80 (3)``, cut short."""
    items = [f"{name} ({number})" for name, number in numbers.items()]
    more = [f"and {len(items) - most} more"] if len(items) > most else []
    return ", ".join(items[:most] + more)
