"""``neuplug plugins`` and ``neuplug plugins show``, with fake distributions installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from neuplug.cli import main

SITE = Path(__file__).parents[1] / "plugins" / "site"

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


def lines_with(text: str, output: str) -> list[list[str]]:
    return [line.split() for line in output.splitlines() if text in line]


def test_list(run: Run) -> None:
    code, output, error = run()
    assert (code, error) == (0, "")
    assert lines_with("acme-dim", output) == [["acme-dim", "darker", "acme-good", "1.0"]]
    headings = ("augmenters", "generators", "classifiers", "evaluators")
    places = [output.index(heading) for heading in headings]
    assert places == sorted(places)
    assert places[0] < output.index("acme-dim") < places[1] < output.index("acme-mean") < places[2]


def test_list_shows_problems_after_the_components(run: Run) -> None:
    code, output, _ = run(site=("good", "import_error", "wrong_core", "raising_hook"))
    assert code == 0
    components, _, problems = output.partition("problems")
    assert "acme-dim" in components
    assert "acme-survivor" in components
    for line in (
        "acme-importerror 1.0",
        "No module named 'a_module_that_is_nowhere'",
        "acme-future 1.0",
        "requires neuplug >=99",
        "acme-raising 1.0",
        "out of luck",
    ):
        assert line in problems


def test_list_names_the_distribution_where_a_name_is_offered_twice(run: Run) -> None:
    _, output, _ = run(site=("good", "first", "second"))
    assert lines_with("acme-first:acme-twin", output)
    assert lines_with("Acme-Second:acme-twin", output)
    assert lines_with("acme-good:acme-dim", output) == []


def test_list_as_json(run: Run) -> None:
    code, output, _ = run("--json", site=("good", "import_error"))
    assert code == 0
    listing = json.loads(output)
    assert {
        "name": "acme-dim",
        "kind": "augmenter",
        "summary": "darker",
        "target": "acme_good_parts:Dim",
        "distribution": "acme-good",
        "version": "1.0",
    } in listing["components"]
    (problem,) = [p for p in listing["problems"] if p["distribution"] == "acme-importerror"]
    assert problem["version"] == "1.0"
    assert "a_module_that_is_nowhere" in problem["message"]


def test_strict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUPLUG_STRICT", "1")
    code, output, error = run(site=("import_error",))
    assert (code, output) == (1, "")
    assert error.startswith("neuplug: error: acme-importerror 1.0: ModuleNotFoundError")


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
