"""Plugins made for an earlier neuplug run; those made for a later one are refused in words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from typing import Any

import pytest

import neuplug
from neuplug import Component, PluginError
from neuplug.cli import main
from neuplug.experiment.reading import read_curves
from neuplug.plugins import hookspecs

from .conftest import Ask, Install

SILENT = {"title": "", "guide": ""}


def test_a_plugin_of_the_first_interfaces_runs(install: Install, ask: Ask) -> None:
    registry = install("veteran")
    assert [p.message for p in registry.problems if p.distribution == "acme-veteran"] == []
    result = ask(
        aug=["acme-mirror", "acme-echo@add=4+acme-mirror", "acme-mute@add=4"], eval=["acme-grey"]
    )
    assert set(result.verdicts()) == {
        (arm, "acme-line")
        for arm in ("acme-mirror", "acme-echo@add=4+acme-mirror", "acme-mute@add=4")
    }
    curves = read_curves(result.folder)
    fits = {fit.stage: fit.key for fit in result.results.generators}
    echo, mute = fits["acme-echo"], fits["acme-mute"]
    assert curves.generators[echo] == {"loss": ((1, 1.0), (2, 0.5))}
    assert curves.units[echo] == {} and curves.generators[mute] == {}
    assert result.results.evaluators["acme-grey"].model_dump() == SILENT
    assert ">acme-grey</h2>" in result.report.read_text("utf-8")


@pytest.mark.parametrize(
    ("folder", "asked", "remedy"),
    [
        ("newcomer", "<0.8,>=0.7", "upgrade neuplug, or install a version of the plugin made for"),
        ("dragging", "<0.1", "upgrade acme-dragging, or install a version of the plugin made for"),
    ],
)
def test_a_plugin_for_another_neuplug_is_not_imported(
    install: Install,
    capsys: pytest.CaptureFixture[str],
    folder: str,
    asked: str,
    remedy: str,
) -> None:
    name = f"acme-{folder}"
    sys.modules.pop(f"acme_{folder}", None)
    (problem,) = [p for p in install(folder).problems if p.distribution == name]
    here = neuplug.__version__
    assert problem.message == f"requires neuplug {asked}, but this is {here}: {remedy} {here}"
    assert f"acme_{folder}" not in sys.modules
    assert main(["plugins"]) == 0
    assert problem.message in capsys.readouterr().out
    assert f"acme_{folder}" not in sys.modules


def test_unknown_fields_are_named_together_with_the_plugin(install: Install, ask: Ask) -> None:
    registry = install("veteran", "hasty")
    (problem,) = [p for p in registry.problems if p.distribution == "acme-hasty"]
    assert "unexpected keyword argument 'tags'" in problem.message
    assert registry.resolve("acme-early").source == "acme-hasty 1.0"  # the rest of it is there
    with pytest.raises(PluginError) as raised:
        ask(aug=["acme-early@add=4"])
    message = str(raised.value)
    assert message.startswith("acme-early of acme-hasty 1.0 failed: TypeError: ")
    assert "unexpected keyword argument 'gradients'" in message
    result = ask(aug=["acme-echo@add=4"], eval=["acme-table", "acme-grey"])
    rows = {row.evaluator: row for row in result.results.evaluations}
    assert "unexpected keyword argument 'tables'" in rows["acme-table"].error
    assert rows["acme-grey"].error is None


def test_a_hook_may_gain_an_argument(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is promised for hooks, tried with a specification of the future."""

    class Later(hookspecs.HookSpecs):
        @hookspecs.hookspec
        def neuplug_generators(self, budget: int) -> Iterable[Component]:  # type: ignore[override]
            raise NotImplementedError

    monkeypatch.setattr(hookspecs, "HookSpecs", Later)
    registry = install("veteran")
    assert [p.message for p in registry.problems if p.distribution == "acme-veteran"] == []
    assert registry.resolve("acme-echo").source == "acme-veteran 1.0"


# What plugins may rely on, as it was in the first version

IMPLEMENTED: dict[str, dict[str, Any]] = {
    "Augmenter": {
        "must": {"augment"},
        "augment": "images rng",
        "fuse": "following",
        "check_images": "in_chans image_size",
    },
    "Generator": {
        "must": {"fit", "sample", "state_dict", "load_state_dict"},
        "fit": "train context",
        "sample": "labels seed",
        "state_dict": "",
        "load_state_dict": "state",
    },
    "Mixer": {"must": {"mix"}, "mix": "images targets rng", "check_images": "in_chans image_size"},
    "LatentGenerator": {
        "must": {"fit", "sample", "state_dict", "load_state_dict", "latent_dim", "decode"},
        "decode": "latents labels",
    },
    "Classifier": {"must": {"build"}, "build": "num_classes in_chans image_size"},
    "Evaluator": {"must": {"evaluate"}, "evaluate": "context"},
}
CALLED = {
    "Component": "name target summary",
    "FitRecord": "curves? grids? warnings? checkpoints? epoch_steps? units?",
    "Evaluation": "metrics figures? warnings?",
    "Metric": "name value class_name? low? high? std? n? unit? label? higher_is_better? reference?",
    "FitContext": "device seed name? progress? checkpoint?",
    "EvaluationContext": "train test generated logits device seed folder generators? embedder?",
    "EvaluationContext.draw": "self name n seed",
    "ClassGenerator": "generator label",
    "ClassGenerator.sample": "self n seed",
    "Embedder": "name embed classify?",
    "Checkpoint.save": "self tree",
    "Checkpoint.load": "self",
    "Options.parse": "values owner",
    "TrainingSet": "images labels classes ids origins? parents?",
    "load": "name",
    "derive_seed": "seed",
    "seeded": "seed device",
}


@pytest.mark.parametrize("kind", IMPLEMENTED)
def test_what_plugins_implement_keeps_its_arguments_and_asks_for_no_more(kind: str) -> None:
    promised = dict(IMPLEMENTED[kind])
    base = getattr(neuplug, kind)
    assert base.__abstractmethods__ <= promised.pop("must")
    for method, arguments in promised.items():
        assert list(inspect.signature(getattr(base, method)).parameters)[1:] == arguments.split()


@pytest.mark.parametrize("name", CALLED)
def test_what_plugins_call_takes_all_that_it_took(name: str) -> None:
    owner, _, method = name.partition(".")
    found = getattr(neuplug, owner)
    assert accepts(getattr(found, method) if method else found, CALLED[name])


def accepts(function: Any, promised: str) -> bool:
    """Whether calls of the promised form, ``a b?`` with b optional, still work."""
    parameters = [
        p for p in inspect.signature(function).parameters.values() if p.kind not in VARIABLE
    ]
    words = promised.split()
    names = [word.rstrip("?") for word in words]
    optional = {word[:-1] for word in words if word.endswith("?")}
    needed = {p.name for p in parameters if p.default is p.empty}
    in_place = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY][: len(names)] == names
    return in_place and needed <= set(names) - optional


VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@pytest.mark.parametrize(
    ("function", "kept"),
    [
        (lambda a, b=1: None, True),
        (lambda a, b=1, c=2: None, True),
        (lambda a, b=1, *, c=2, **more: None, True),
        (lambda a, b: None, False),
        (lambda a, b=1, *, c: None, False),
        (lambda a, c=2, b=1: None, False),
        (lambda a: None, False),
    ],
)
def test_accepts_tells_what_breaks_a_call(function: Any, kept: bool) -> None:
    assert accepts(function, "a b?") is kept
