"""Make one of matplotlib's SVG files part of a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from neuplug_figures import style

# The custom property of page.css that inline figures take for a colour, so that they follow the
# page into the dark
PROPERTIES = {
    style.PAPER: "--paper",
    style.INK: "--ink",
    style.MUTED: "--muted",
    style.LINE: "--line",
    style.BLUE: "--blue",
    style.ORANGE: "--orange",
    style.HEAT: "--heat",
}

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_COLOR = re.compile("|".join(PROPERTIES))
_FONT = re.compile(r"font-family:[^;]*")
_DROPPED = {f"{_SVG}metadata", f"{_SVG}style"}  # a style would reach over the whole page


def inline(document: str, name: str, alt: str) -> str:
    """An ``<svg>`` element for HTML.

    Its colours become custom properties of the page, its text takes the page's font, its ids
    cannot meet those of another figure, and nothing in it refers to anything outside.

    Args:
        document: What matplotlib wrote with :data:`neuplug_figures.style.STYLE`.
        name: Put before every id; unique within the page, of letters, digits and ``-``.
        alt: What the figure shows, for those who cannot see it.
    """
    root = ET.fromstring(document)  # our own file, not one from outside
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag in _DROPPED]:
            parent.remove(child)
    for element in root.iter():
        _adapt(element, name)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    margin = 72 * style.MARGIN
    root.attrib.clear()
    root.attrib["viewBox"] = f"{margin:g} 0 {width - 2 * margin:g} {height:g}"
    root.attrib.update({"role": "img", "aria-label": alt, "class": "figure"})
    return ET.tostring(root, encoding="unicode")


def _adapt(element: ET.Element, name: str) -> None:
    element.tag = element.tag.removeprefix(_SVG)
    if element.text and not element.text.strip():
        element.text = None
    if element.tail and not element.tail.strip():
        element.tail = None
    attributes = element.attrib
    if element.tag == "g":
        attributes.pop("id", None)  # nothing refers to a group
    elif "id" in attributes:
        attributes["id"] = f"{name}-{attributes['id']}"
    if _LINK in attributes:
        attributes["href"] = f"#{name}-{attributes.pop(_LINK)[1:]}"
    if "clip-path" in attributes:
        attributes["clip-path"] = attributes["clip-path"].replace("url(#", f"url(#{name}-")
    if "d" in attributes:
        attributes["d"] = " ".join(attributes["d"].split())
    if "style" in attributes:
        declared = _COLOR.sub(lambda match: f"var({PROPERTIES[match[0]]})", attributes["style"])
        attributes["style"] = _FONT.sub("font-family: inherit", declared)
