"""Every Python block of the README and the guides runs, and so do the examples of docstrings.

The blocks of one page run one after the other, with real components and tiny budgets. A block that
begins with the name of a file is that file; one followed by ``<!-- not run: why -->`` is compiled.
"""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug import hookspecs

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:<!-- not run: (.+?) -->)?", re.DOTALL | re.M)
LONG = {"neuplug.experiment.compose.compose"}
"""Functions whose examples take minutes: they are skipped, and the blocks above call them."""

TINY: dict[str, dict[str, Any]] = {
    "settings": {"imgsz": 28, "per_class": 6, "repeats": 2, "workers": 0},
    "training": {"steps": 2},
    "options": {"dcgan": {"steps": 2, "ngf": 8, "ndf": 8}},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with photographs, in which a run of the texts takes seconds."""
    from PIL import Image

    for name in ("scratch", "dent"):
        (tmp_path / "PHOTOS" / name).mkdir(parents=True)
        for i in range(12):
            Image.effect_noise((32, 32), 60 + i).save(tmp_path / "PHOTOS" / name / f"{i}.png")
    compose = neuplug.compose

    def tiny(*arguments: Any, **named: Any) -> neuplug.Result:
        budget = {name: TINY[name] for name in ("training", "options")}
        return compose(*arguments, **{**named, **TINY["settings"], **budget})

    monkeypatch.setattr(neuplug, "compose", tiny)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pages() -> list[Path]:
    return [guide for guide in GUIDES if BLOCK.search(guide.read_text("utf-8"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page: Path, place: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__", "neuplug": neuplug}
    for content, reason in BLOCK.findall(page.read_text("utf-8")):
        code = compile(content, str(page), "exec")
        if not reason and not re.match(r"# \S+\.py\n", content):
            exec(code, names)


def test_what_is_not_run_says_why() -> None:
    for page in pages():
        for _, reason in BLOCK.findall(page.read_text("utf-8")):
            assert not reason or len(reason.split()) > 3


def public_modules() -> list[str]:
    homes = {getattr(neuplug, name).__module__ for name in neuplug.__all__ if name[0] != "_"}
    return sorted({m for m in homes if m.startswith("neuplug")} | {hookspecs.__name__})


@pytest.mark.parametrize("name", public_modules())
def test_examples_of_docstrings(name: str, place: Path) -> None:
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for test in finder.find(module, extraglobs={"neuplug": neuplug}):
        if test.examples:
            assert test.name in LONG or not any(
                example.options.get(doctest.SKIP) for example in test.examples
            ), f"{test.name} skips its example"
            failed, _ = doctest.DocTestRunner(verbose=False).run(test)
            assert failed == 0, test.name
