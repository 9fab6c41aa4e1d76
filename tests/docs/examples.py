"""Runs the examples of texts and docstrings, and sees which public names each of them uses."""

from __future__ import annotations

import contextlib
import doctest
import functools
import importlib
import inspect
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import neuplug
import neuplug_testing

from .public import public
from .texts import ROOT, TEXTS, blocks
from .watch import Watch

LONG = {"neuplug.library.compose.compose"}
"""What takes minutes as its example stands: it is skipped, and the blocks of the texts call it."""

TINY: dict[str, Any] = {
    "imgsz": 28,
    "per_class": 6,
    "repeats": 2,
    "workers": 0,
    "training": {"steps": 2},
}
TINY_GAN = {"dcgan": {"steps": 2, "ngf": 8, "ndf": 8}}


def python_texts() -> list[Path]:
    """The texts with Python in them."""
    return [text for text in TEXTS if any(blocks(text, "python"))]


def modules() -> list[str]:
    """The modules of the core and the plugins that have examples in docstrings."""
    found = []
    for package in (ROOT / "neuplug", *sorted(ROOT.glob("plugins/*/neuplug_*"))):
        for file in sorted(package.rglob("*.py")):
            if prompts(file):
                parts = file.relative_to(package.parent).with_suffix("").parts
                found.append(".".join(parts).removesuffix(".__init__"))
    return found


OURS = {"neuplug": neuplug, "neuplug_testing": neuplug_testing}


def prompts(file: Path) -> int:
    """How many lines of a module are to be run."""
    return len(re.findall(r"^\s*>>> ", file.read_text("utf-8"), re.M))


class Examples:
    """All examples, each run once, with real components and tiny budgets.

    Args:
        folder: Makes a new folder.
        packages: Where the packages of ``examples/`` are installed.
    """

    def __init__(self, folder: Callable[[str], Path], packages: Path) -> None:
        self.public = public()
        self._folder = folder
        self._packages = packages
        self._photos = folder("photos")
        for kind in ("scratch", "dent"):
            (self._photos / kind).mkdir()
            for i in range(12):
                image = Image.effect_noise((32, 32), 60 + i)
                image.save(self._photos / kind / f"{i}.png")
        self.of_text = functools.cache(self._of_text)
        self.of_module = functools.cache(self._of_module)

    def _of_text(self, text: Path) -> set[str]:
        """Run the blocks of a text, one after the other; the names that they use."""
        watch = Watch(self.public)
        names = {"__name__": "__main__", **OURS, **watch.globals}
        with self._place():
            for content, reason in blocks(text, "python"):
                code = watch.compile(content, str(text), "exec")
                if not reason and not re.match(r"# \S+\.py\n", content):
                    exec(code, names)
        return watch.used

    def _of_module(self, name: str) -> dict[str, set[str]]:
        """Run the examples of a module; for each docstring that has some the names they use."""
        module = importlib.import_module(name)
        found: dict[str, set[str]] = {}
        lines = 0
        for test in _Finder(exclude_empty=True).find(module, name):
            lines += len(test.examples)
            skipped = any(example.options.get(doctest.SKIP) for example in test.examples)
            assert not skipped or test.name in LONG, f"{test.name} skips its example"
            if test.examples:
                found[test.name] = self._run(test)
        assert lines == prompts(Path(str(module.__file__))), f"{name} has examples that are not run"
        return found

    def _run(self, test: doctest.DocTest) -> set[str]:
        watch = Watch(self.public)
        test.globs |= {**OURS, "torch": torch, **watch.globals}
        with self._place() as patch:
            patch.setattr(doctest, "compile", watch.compile, raising=False)
            failed, _ = doctest.DocTestRunner(verbose=False).run(test)
        assert failed == 0, f"the example of {test.name} comes out otherwise"
        return watch.used

    @contextlib.contextmanager
    def _place(self) -> Iterator[pytest.MonkeyPatch]:
        """A folder with photographs, in which a run takes seconds."""
        here = self._folder("place")
        shutil.copytree(self._photos, here / "PHOTOS")
        compose = neuplug.compose

        def tiny(*arguments: Any, **named: Any) -> neuplug.Result:
            options = TINY_GAN if "dcgan" in named["aug"] else {}
            small = {**named, **TINY, "options": options}
            if isinstance(arguments and arguments[0], neuplug.ImageSet):
                del small["imgsz"]  # which is for images in files
            return compose(*arguments, **small)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(neuplug, "compose", tiny)
            patch.setenv("NEUPLUG_BLOCK", "")  # taken back, whatever an example sets
            patch.syspath_prepend(str(self._packages))
            patch.chdir(here)
            yield patch


class _Finder(doctest.DocTestFinder):
    def _from_module(self, module: Any, object: Any) -> bool:
        """Of the module is what it has decorated, too."""
        own: bool = super()._from_module(module, inspect.unwrap(object))  # type: ignore[misc]
        return own


def without_example(
    names: Mapping[str, object], texts: set[str], docstrings: Mapping[str, set[str]]
) -> list[str]:
    """Public names that no text uses, nor their own docstring, nor that of their class.

    Args:
        names: Public names to what they are.
        texts: The names that texts use.
        docstrings: Likewise for docstrings, by ``module.qualified name`` of what they describe.
    """

    def home(name: str) -> str:
        owner, _, part = name.rpartition(".")
        if owner in names:
            return f"{home(owner)}.{part}"
        thing = names[name]
        where = (getattr(thing, key, "") for key in ("__module__", "__qualname__"))
        return ".".join(where)

    def shown(name: str) -> bool:
        own = home(name)
        return any(name in docstrings.get(each, ()) for each in (own, own.rpartition(".")[0]))

    return sorted(name for name in names if name not in texts and not shown(name))
