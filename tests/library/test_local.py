"""Component instances and arms of these, in place of names."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from neuplug_tests.hearing import Hearing

import neuplug


class Darker(neuplug.Augmenter):
    """A class as somebody writes it in a notebook: no options, no package."""

    def __init__(self, by: int) -> None:
        super().__init__()
        self.by = by

    def augment(self, images: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        return (images.int() - self.by).clamp(0, 255).byte()


class Flat(neuplug.Classifier):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> torch.nn.Module:
        class Net(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.head = torch.nn.Linear(in_chans * image_size[0] * image_size[1], num_classes)

            def forward_features(self, images: torch.Tensor) -> torch.Tensor:
                return images.flatten(1)

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                found: torch.Tensor = self.head(self.forward_features(images))
                return found

        return Net()


class Darkness(neuplug.Evaluator):
    def evaluate(self, context: Any) -> Any:
        grey = float(context.generated.images.float().mean())
        return neuplug.Evaluation((neuplug.Metric("grey", grey, n=len(context.generated)),))


LEVELS: Any = (0.5, 1.0)


def darkened(images: torch.Tensor) -> torch.Tensor:
    return (images * min(LEVELS)).byte()


class Helped(neuplug.Augmenter):
    factor = 1

    def augment(self, images: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        parts = [darkened(part) for part in images.split(4)]
        return torch.cat(parts) // self.factor


@pytest.fixture
def ask(tmp_path: Path, own_store: Path) -> Any:
    def compose(**settings: Any) -> Any:
        given = {"per_class": 6, "repeats": 2, "training": {"steps": 5, "batch": 4}}
        given |= {"project": tmp_path, "report": False}
        return neuplug.compose(draw_bars(40, 0, neuplug.ImageSet), **{**given, **settings})

    return compose


def test_a_class_of_a_notebook(ask: Any) -> None:
    hearing = Hearing()
    result = ask(aug=[Darker(30), neuplug.Arm([Darker(60), "mirror@add=3"], "both")], clf=[Flat()])
    assert set(result.verdicts()) == {("darker", "flat"), ("both", "flat")}
    again = ask(aug=[Darker(30)], clf=[Flat()], name="again", on_event=hearing)
    assert hearing.done == []  # kept under the source of the class and what the instance holds
    assert again.mean("darker", "flat") == result.mean("darker", "flat")
    ask(aug=[Darker(31)], clf=[Flat()], name="other", on_event=hearing)
    assert hearing.done == ["train", "train"]


def test_instances_of_plugins_are_their_names_with_options(ask: Any) -> None:
    seldom = neuplug.load("mirror", odds=0.25)
    tiny = neuplug.load("conv", channels=4)
    by_instance = ask(aug=[seldom], clf=[tiny], workers=1)
    by_name = ask(
        aug=["mirror@odds=0.25"],
        clf=["conv"],
        options={"conv": {"channels": 4}},
        name="named",
    )
    assert by_instance.mean("mirror@odds=0.25", "conv") == by_name.mean("mirror@odds=0.25", "conv")


def test_an_evaluator(ask: Any) -> None:
    result = ask(aug=["jitter@add=4"], clf=[Flat()], eval=[Darkness()])
    assert {entry.arm for entry in result.results.evaluations} == {"jitter@add=4"}


def test_what_nobody_can_tell_apart_is_refused(ask: Any) -> None:
    odd = Darker(30)
    odd.table = torch.zeros(3)  # type: ignore[attr-defined]
    with pytest.raises(neuplug.InputError, match="cache_key"):
        ask(aug=[odd], clf=[Flat()])
    odd.cache_key = "zeros"  # type: ignore[attr-defined]
    assert ask(aug=[odd], clf=[Flat()]).verdicts()
    with pytest.raises(neuplug.InputError, match="no stages"):
        ask(aug=[neuplug.Arm([])], clf=[Flat()])


def lighter(images: torch.Tensor) -> torch.Tensor:
    return 255 - images


@pytest.mark.parametrize("change", ["function", "constant", "attribute", "module", "closure"])
def test_what_its_code_names_is_in_its_key(
    ask: Any, change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, hearing, power = sys.modules[__name__], Hearing(), 1
    kind = Helped
    if change == "closure":

        class Closed(neuplug.Augmenter):
            def augment(self, images: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
                return images // power

        kind = Closed  # type: ignore[assignment]
    if change == "module":
        (tmp_path / "darkening_helper.py").write_text("def darkened(images): return images // 2")
        monkeypatch.syspath_prepend(str(tmp_path))
        found = importlib.import_module("darkening_helper").darkened
        monkeypatch.setattr(here, "darkened", found)
    ask(aug=[kind()], clf=[Flat()])
    ask(aug=[kind()], clf=[Flat()], name="again", on_event=hearing)
    assert hearing.done == []
    match change:
        case "function":
            monkeypatch.setattr(here, "darkened", lighter)
        case "constant":
            monkeypatch.setattr(here, "LEVELS", (0.25, 1.0))
        case "attribute":
            monkeypatch.setattr(Helped, "factor", 2)
        case "closure":
            power = 2
        case _:
            (tmp_path / "darkening_helper.py").write_text("def darkened(images): return images * 0")
            with pytest.raises(neuplug.InputError, match=r"darkening_helper\.py.*restart Python"):
                ask(aug=[kind()], clf=[Flat()], name="changed")
            return
    ask(aug=[kind()], clf=[Flat()], name="changed", on_event=hearing)
    assert hearing.done == ["train", "train"]


def test_a_global_that_cannot_be_told_is_named(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "LEVELS", torch.zeros(2))
    with pytest.raises(neuplug.InputError, match=r"the global LEVELS is a Tensor.*cache_key"):
        ask(aug=[Helped()], clf=[Flat()])
