"""``neuplug plugins show``, with fake distributions installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from neuplug.cli import main

SITE = Path(__file__).parents[3] / "tests" / "plugins" / "site"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``neuplug plugins`` with some fakes installed: exit code, output, error."""

    def command(*arguments: str, site: tuple[str, ...] = ("good",)) -> tuple[int, str, str]:
        for folder in site:
            monkeypatch.syspath_prepend(str(SITE / folder))
        capsys.readouterr()
        code = main(["plugins", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_it_says_what_is_a_mixer(run: Run) -> None:
    code, output, _ = run("show", "mixup")
    assert code == 0
    assert output.startswith("mixup: mixer of neuplug-mixing ")
    _, output, _ = run("show", "mixup", "--kind", "mixer", "--json")
    assert json.loads(output)["kind"] == "mixer"
    code, _, error = run("show", "mixup", "--kind", "augmenter")
    assert code == 2 and "no augmenter is called 'mixup'" in error


OPTIONS = {
    "factor": ("float", "0.5", "0 to 1", "What the pixels are multiplied with."),
    "rounds": ("int", "1", "> 0", ""),
    "curve": ("linear | gamma", "linear", "", ""),
    "table": ("path | none", "none", "", ""),
    "where": ("all | centre", "all", "", ""),
    "levels": ("list of int", "[]", "0 to 255", ""),
    "window": ("(int, int)", "(3, 3)", "", ""),
    "inverted": ("bool", "false", "", ""),
}


def test_show_as_json(run: Run) -> None:
    code, output, _ = run("show", "acme-dim", "--json")
    assert code == 0
    shown = json.loads(output)
    assert shown["kind"] == "augmenter"
    assert shown["description"] == "Make images darker."
    found = {
        o["name"]: (o["type"], o["default"], o["bounds"], o["description"])
        for o in shown["options"]
    }
    assert found == OPTIONS


def test_show(run: Run) -> None:
    code, output, _ = run("show", "acme-good:acme-dim")
    assert code == 0
    assert output.startswith("acme-dim: augmenter of acme-good 1.0\nMake images darker.\n")
    assert "This paragraph" not in output
    for name, cells in OPTIONS.items():
        (line,) = [line for line in output.splitlines() if line.startswith(f"{name} ")]
        assert all(cell in line for cell in cells)
    assert "--set acme-dim.factor=VALUE" in output


def test_show_a_component_without_options_or_docstring(run: Run) -> None:
    code, output, _ = run("show", "acme-mean")
    assert code == 0
    assert output == ("acme-mean: generator of acme-good 1.0\nthe mean image\nIt has no options.\n")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("acme-din",), 2, "no component is called 'acme-din'. Did you mean acme-dim?"),
        (("acme-twin",), 2, "acme-twin is offered more than once: acme-first:acme-twin (augm"),
        (("acme-dim", "--kind", "generator"), 2, "no generator is called 'acme-dim'."),
        (
            ("acme-dim", "--kind", "generater"),
            2,
            "--kind generater: no such kind. Did you mean generator?",
        ),
        (("acme-nowhere",), 1, "acme-nowhere of acme-targets 1.0 cannot be loaded from acme_t"),
    ],
)
def test_show_refuses(run: Run, arguments: tuple[str, ...], exit_code: int, sentence: str) -> None:
    code, output, error = run("show", *arguments, site=("good", "first", "second", "targets"))
    assert (code, output) == (exit_code, "")
    assert error.startswith(f"neuplug: error: {sentence}")
    assert error.count("\n") == 1


def test_the_training_is_no_component(run: Run) -> None:
    code, _, error = run("show", "training")
    assert code == 2 and "training is no component" in error and "Did you mean" not in error
