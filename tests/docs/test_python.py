"""Every Python block of the texts runs, so do the examples of docstrings; no public name lacks one.

The blocks of one text run one after the other, with real components and tiny budgets. A block that
begins with the name of a file is that file; one followed by ``<!-- not run: why -->`` is compiled.
"""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import neuplug

from .examples import Examples, modules, python_texts, without_example
from .public import public
from .texts import name, reasons
from .watch import Watch


@pytest.mark.parametrize("text", python_texts(), ids=name)
def test_the_blocks_of_a_text_run(text: Path, examples: Examples) -> None:
    examples.of_text(text)


@pytest.mark.parametrize("module", modules())
def test_the_examples_of_docstrings_run(module: str, examples: Examples) -> None:
    assert examples.of_module(module)


def test_every_public_name_has_an_example(examples: Examples) -> None:
    texts = set().union(*(examples.of_text(text) for text in python_texts()))
    docstrings = {n: used for m in modules() for n, used in examples.of_module(m).items()}
    missing = without_example(examples.public, texts, docstrings)
    assert not missing, (
        "neither an executed block of a text nor a doctest of its own uses: " + ", ".join(missing)
    )


def test_what_is_not_run_says_why() -> None:
    assert all(len(reason.split()) > 3 for reason in reasons())


# The checker itself.


def used_by(code: str) -> set[str]:
    watch = Watch(public())
    exec(watch.compile(code, "code", "exec"), {"neuplug": neuplug, **watch.globals})
    return {name for name in watch.used if name in public()}


def test_public_names_are_those_of_the_library_its_pages_and_the_plugin_authors() -> None:
    assert {
        "neuplug.compose",
        "neuplug.ImageSet.counts",
        "neuplug.Split.sets",
        "neuplug.plugins.registry.Registry.resolve",
        "neuplug.Progress",
        "neuplug.plugins.hookspecs.HookSpecs.neuplug_generators",
        "neuplug_testing.Outcome.as_dict",
        "neuplug_gan.component.AdversarialGenerator",
        "neuplug_gan.testing.check_options",
    } <= public().keys()


@pytest.mark.parametrize(
    "code",
    [
        "from neuplug import holm",
        "# neuplug.holm([0.01])",
        "def f(p: neuplug.holm) -> neuplug.holm: pass",
        "p: neuplug.holm",
        "if False: neuplug.holm([0.01])",
        "def f(): return neuplug.holm([0.01])",
        "'neuplug.holm'",
    ],
)
def test_what_does_not_run_is_no_use(code: str) -> None:
    assert not used_by(code)


@pytest.mark.parametrize(
    "code",
    [
        "neuplug.holm([0.01])",
        "from neuplug import holm as adjust; adjust([0.01])",
        "def f(p=neuplug.holm): pass",
        "f = lambda: neuplug.holm([0.01]); f()",
        "p: list = neuplug.holm([0.01])",
        "print(f'{neuplug.holm([0.01])}')",
    ],
)
def test_what_runs_is_a_use(code: str) -> None:
    assert used_by(code) == {"neuplug.holm"}


def test_a_method_is_that_of_its_class() -> None:
    code = "neuplug.load('duplicate').sample"
    assert used_by(code) == {"neuplug.load", "neuplug.Generator.sample"}
    code = "class Quiet(neuplug.Augmenter):\n    def augment(self, images, rng): return images"
    assert used_by(code) == {"neuplug.Augmenter", "neuplug.Augmenter.augment"}
    code = "@neuplug.hookimpl\ndef neuplug_augmenters(): yield"
    assert used_by(code) == {
        "neuplug.hookimpl",
        "neuplug.plugins.hookspecs.HookSpecs.neuplug_augmenters",
    }
    code = "neuplug.estimate([1.0, 2.0]).mean"
    assert used_by(code) == {"neuplug.estimate", "neuplug.Mean"}


class Unheard:
    """Planted: nothing shows how to use it."""

    def of(self) -> None:
        """Nor this."""


def test_names_without_an_example_are_named(examples: Examples) -> None:
    planted = {"neuplug.Unheard": Unheard, "neuplug.Unheard.of": Unheard.of}
    names = {"neuplug.holm": neuplug.holm, **planted}
    holm = {"neuplug.experiment.analysis.verdicts.holm": {"neuplug.holm"}}
    assert without_example(names, set(), {}) == [*planted, "neuplug.holm"]
    assert without_example(names, set(), holm) == [*planted]
    assert without_example(names, {"neuplug.holm", "neuplug.Unheard"}, {}) == ["neuplug.Unheard.of"]
    elsewhere = {f"{__name__}.Unheard": set(names), "neuplug.seeds": {"neuplug.holm"}}
    assert without_example(names, set(), elsewhere) == ["neuplug.holm"]


def test_an_example_that_comes_out_otherwise_is_a_failure(examples: Examples) -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> neuplug.holm([0.5])\n[0.4]", {}, "it", "", 0)
    with pytest.raises(AssertionError, match="comes out otherwise"):
        examples._run(wrong)
