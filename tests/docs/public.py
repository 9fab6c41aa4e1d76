"""The public names, each of which has an example."""

from __future__ import annotations

import functools
import inspect
import pydoc
import re
from collections.abc import Iterator

import neuplug
import neuplug_testing as testing

from .texts import PLUGINS, ROOT

DESCRIBED = re.compile(r"^\.\. auto(?:class|function|exception|method):: (neuplug[\w.]*)", re.M)
NAMED = re.compile(r"`(neuplug_\w+(?:\.\w+)+)(?:\([^`]*\))?`")


@functools.cache
def public() -> dict[str, object]:
    """Public names, as the texts spell them, to what they are.

    What the library and its testing part offer; whatever else the site describes by itself; what
    plugin authors are told to use of a plugin of this repository; and the methods and properties of
    the core's classes.
    """
    found: dict[str, object] = {}
    for name in sorted({*_offered(), *_described(), *_named()}):
        thing = pydoc.locate(name)
        assert thing is not None, f"the texts speak of {name}, which is not there"
        if inspect.ismodule(thing):
            continue
        found[name] = thing
        if inspect.isclass(thing) and name.startswith(("neuplug.", "neuplug_testing.")):
            found |= {f"{name}.{part}": vars(thing)[part] for part in _parts(thing)}
    return found


def _offered() -> set[str]:
    return {f"neuplug.{n}" for n in neuplug.__all__} | {
        f"neuplug_testing.{n}" for n in testing.__all__
    }


def _described() -> set[str]:
    pages = ((ROOT / "docs" / page).read_text("utf-8") for page in ("library.md", "hooks.md"))
    return {name for page in pages for name in DESCRIBED.findall(page)}


def _named() -> set[str]:
    own = {package.name for package in ROOT.glob("plugins/*/neuplug_*")}
    texts = [text.read_text("utf-8") for text in (ROOT / "docs" / "plugins.md", *PLUGINS)]
    names = {name for text in texts for name in NAMED.findall(text)}
    return {name for name in names if name.partition(".")[0] in own}


def _parts(cls: type) -> Iterator[str]:
    """The methods and properties of a class itself, which have a description of their own."""
    fields = getattr(cls, "__dataclass_fields__", {})
    for name, part in vars(cls).items():
        if name.startswith("_") or name in fields:
            continue
        if inspect.isfunction(part) or isinstance(part, property | classmethod | staticmethod):
            yield name
