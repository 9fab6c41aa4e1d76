"""A data set as one HTML page with thumbnails: no scripts, nothing from elsewhere."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from neuplug.storage.files import write_text
from neuplug.text import printable_lines
from neuplug_data.printing import SHOWN

if TYPE_CHECKING:
    from neuplug.data.dataset import Dataset
    from neuplug_data.facts import Page

_PER_CLASS = 16
_CLASSES = 60  # whose thumbnails are shown
_PAIRS = 12
_SIDE = 96

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --bar: #4a7fb5; --odd: #b3541e; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; overflow-wrap: anywhere; }
h3 small, .note { font-weight: normal; opacity: .7; }
table { border-collapse: collapse; min-width: 24rem; }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; padding-left: 0; }
td.bar { width: 14rem; text-align: left; }
td.bar i { display: block; height: .7rem; background: var(--bar); border-radius: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .8rem 0; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; } li { overflow-wrap: anywhere; margin: .2rem 0; }
li.odd::marker { content: "! "; color: var(--odd); font-weight: bold; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: flex-end; }
figure { margin: 0; width: 96px; }
figure img { width: 96px; height: auto; display: block; background: var(--soft);
  image-rendering: auto; border-radius: 3px; }
figcaption { font-size: .68rem; opacity: .7; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.pair { display: flex; gap: 2px; padding: .35rem; background: var(--soft); border-radius: 4px; }
"""


def write_page(file: Path, page: Page, dataset: Dataset) -> None:
    """Write the page.

    Args:
        file: Where; its folder is made.
        page: What is known of the set.
        dataset: Its images.

    Raises:
        StorageError: If it cannot be written.
    """
    body = "\n".join(_body(page, dataset))
    write_text(
        file,
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(page.source)}</title>\n<style>{_STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n",
    )


def _text(text: object) -> str:
    return escape(printable_lines(str(text)))


def _body(page: Page, dataset: Dataset) -> Iterator[str]:
    yield f"<h1>{_text(page.source)}</h1>"
    yield f'<p class="note">{_text(page.layout)}<br>{_text(page.summary)}</p>'
    yield "<h2>To look at before training</h2>"
    yield _bullets(page.odd, "Nothing looks odd.", "odd")
    yield "<h2>Not used</h2>"
    yield _bullets(page.unused, "Every file is used.")
    yield "<h2>Classes</h2>"
    yield from _table(page)
    facts = "".join(f"<dt>{_text(title)}</dt><dd>{_text(text)}</dd>" for title, text in page.seen)
    yield f"<dl>{facts}</dl>"
    yield "<h2>Images</h2>"
    yield from _thumbnails(dataset)
    yield "<h2>Duplicates and files that cannot be read</h2>"
    yield from _pairs(dataset)
    for title, items in page.lists:
        if items:
            yield f"<h3>{_text(title)} <small>{len(items)}</small></h3>"
            more = [f"… and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
            yield _bullets([*items[:SHOWN], *more], "")
    if none := [title for title, items in page.lists if not items]:
        yield f'<p class="note">No {_text(", no ".join(none))}.</p>'


def _bullets(items: Sequence[str], none: str, kind: str = "") -> str:
    if not items:
        return f'<p class="note">{_text(none)}</p>'
    lines = "".join(f'<li class="{kind}">{_text(item)}</li>' for item in items)
    return f"<ul>{lines}</ul>"


def _table(page: Page) -> Iterator[str]:
    titles = "".join(f"<th>{_text(title)}</th>" for title in ("class", *page.parts, "images", ""))
    most = max(number for *_, number in page.classes)
    yield f"<table><tr>{titles}</tr>"
    for name, parts, number in page.classes:
        cells = "".join(f"<td>{count}</td>" for count in (*parts, number))
        bar = f'<td class="bar"><i style="width:{100 * number / most:.1f}%"></i></td>'
        yield f"<tr><td>{_text(name)}</td>{cells}{bar}</tr>"
    yield "</table>"


def _thumbnails(dataset: Dataset) -> Iterator[str]:
    images = dataset.images
    labels = images.labels.tolist()
    for label, name in enumerate(images.classes[:_CLASSES]):
        members = [i for i, other in enumerate(labels) if other == label]
        step = max(1, len(members) // _PER_CLASS)
        shown = members[::step][:_PER_CLASS]
        yield f"<h3>{_text(name)} <small>{len(shown)} of {len(members)}</small></h3>"
        yield f'<div class="row">{"".join(_figure(dataset, i) for i in shown)}</div>'
    if len(images.classes) > _CLASSES:
        yield f'<p class="note">… and {len(images.classes) - _CLASSES} more classes</p>'


def _pairs(dataset: Dataset) -> Iterator[str]:
    """The first duplicates side by side."""
    report, place = dataset.report, {id_: i for i, id_ in enumerate(dataset.images.ids)}
    pairs = [cluster[:2] for cluster in (*report.conflicts, *report.exact)]
    pairs += [pair[:2] for pair in report.near or ()]
    if pairs := list(dict.fromkeys(pairs))[:_PAIRS]:
        figures = ("".join(_figure(dataset, place[id_]) for id_ in pair) for pair in pairs)
        yield f'<div class="row">{"".join(f"<div class=pair>{two}</div>" for two in figures)}</div>'


def _figure(dataset: Dataset, index: int) -> str:
    import numpy as np
    from PIL import Image

    pixels = dataset.images.images[index].numpy()
    shown = pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1))
    image = Image.fromarray(shown)
    image.thumbnail((_SIDE, _SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    data, id_ = base64.b64encode(file.getvalue()).decode(), dataset.images.ids[index]
    name, last = _text(id_), _text(id_.rpartition("/")[2])
    return (
        f'<figure title="{name}"><img alt="{name}" src="data:image/png;base64,{data}">'
        f"<figcaption>{last}</figcaption></figure>"
    )
