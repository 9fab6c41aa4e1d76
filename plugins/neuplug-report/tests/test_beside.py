"""A paper's numbers beside the run's: none is lost, none is taken for another."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from neuplug.experiment.recipes import load_recipe, recipe_names
from neuplug.experiment.summary import published as beside
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.terminal import print_summary

from .conftest import typed

Make = Callable[..., dict[str, Any]]
Report = Callable[[dict[str, Any]], str]
Show = Callable[[dict[str, Any]], Any]

FEW: dict[str, Any] = {"classes": ["crazing", "patches"], "simulated": False}


def shown(results: dict[str, Any], width: int) -> list[str]:
    stream = io.StringIO()
    print_summary(typed(results), Console(file=stream, width=width))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("budget", ["paper", "laptop", "smoke"])
@pytest.mark.parametrize("name", recipe_names())
def test_every_published_line_is_shown_or_named(make_recipe: Make, name: str, budget: str) -> None:
    results = make_recipe(name, budget, repeats=1, **FEW)
    tables = beside.tables(typed(results))
    recipe = load_recipe(name)
    assert [t.title for t in tables] == [t.title for t in recipe.published]
    for table, given in zip(tables, recipe.published, strict=True):
        for wanted in given.rows:
            classifier = wanted.classifier or results["classifiers"][0]
            lines = [
                line
                for line in table.lines
                if (line.arm, line.per_class) == (wanted.arm, wanted.per_class)
                and line.classifier in ("", classifier)
            ]
            if lines:
                (line,) = lines
                numbers = [line.paper(metric) for metric in table.metrics]
                assert numbers == wanted.values
            else:
                assert f"'{wanted.arm}'" in table.missing
    assert beside.page_view(typed(results)) is not None


def test_without_a_recipe_there_is_nothing(make: Make, report: Report) -> None:
    results = make(repeats=1, curves=False)
    assert beside.tables(typed(results)) == [] and beside.page_view(typed(results)) is None
    assert "Beside the paper" not in report(results)


def row(
    arm: str,
    metric: str,
    paper: float,
    ours: dict[str, float],
    per_class: int | None = None,
    classifier: str = "smallcnn",
) -> dict[str, Any]:
    """A published number with what the run found for it, all intervals as wide."""
    found = {
        protocol: {"mean": mean, "low": mean - 0.013, "high": mean + 0.013, "n": 3}
        | {"difference": mean - paper}
        for protocol, mean in ours.items()
    }
    name, _, class_name = metric.partition(":")
    about = {"arm": arm, "per_class": per_class, "classifier": classifier}
    about |= {"metric": name, "class_name": class_name or None}
    return {**about, "paper": paper, "ours": found}


def published(rows: list[dict[str, Any]], protocol: str) -> dict[str, Any]:
    table = {
        "title": "Table II",
        "protocol": protocol,
        "metrics": list(dict.fromkeys((row["metric"], row["class_name"]) for row in rows)),
        "note": "The paper's epochs are other ones.",
        "rows": rows,
    }
    return {
        "recipe": "reser2020",
        "budget": "laptop",
        "title": "DCGAN images",
        "source": "Reser",
        "protocols": {"paper": "all 300 images", "sound": "the other images"},
        "decisions": ["No batch size is named: 30."],
        "tables": [table],
    }


def test_numbers_differences_and_protocols_are_told_apart(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False)
    results["published"] = published(
        [
            row("GAN, 2 of 5", "accuracy", 0.92, {"all": 0.951, "test": 0.912}, 40),
            row("GAN, 2 of 5", "loss", 0.23, {"all": 0.204, "test": 0.3126}, 40),
            row("GAN, 2 of 5", "accuracy", 0.73, {}, 10),
            row("GAN, 1 of 5", "accuracy", 0.80, {}, 10),
            row("GAN, 1 of 5", "accuracy", 0.78, {}, 20),
            row("GAN, 2 of 5", "accuracy", 0.74, {}, 20),
            row("rotate", "accuracy", 0.85, {}, 30),
        ],
        "all",
    )
    page = show(results)
    assert page.row("GAN, 2 of 5") == (
        "GAN, 2 of 5 40 per class paper 92.0 "
        "ours, paper's protocol 95.1 ± 1.3 Δ +3.1 ours, sound protocol 91.2 ± 1.3 Δ -0.8 "
        "paper 0.230 ours, paper's protocol 0.204 ± 0.013 Δ -0.026 "
        "ours, sound protocol 0.313 ± 0.013 Δ +0.083"
    ).replace(" -", f" {wording.MINUS}")
    for words in (
        "all 300 images",
        "the other images",
        "The paper scored on every real image",
        "The paper's epochs are other ones.",
        "No batch size is named: 30.",
        "Table II , smallcnn, 3 repeats",
        "Not in this run, budget laptop: 'GAN, 2 of 5' and 'GAN, 1 of 5' with 10 and 20 per class; "
        "'rotate' with 30 per class.",
    ):
        assert words in page.text


def test_one_column_of_ours_where_the_protocols_agree(make: Make) -> None:
    results = make(repeats=1, curves=False)
    results["published"] = published(
        [
            row("none", "ap:patches", 0.94, {"test": 0.9}),
            row("none", "ap:patches", 0.95, {"test": 0.9}, classifier="mobilenetv2"),
            row("none", "ap:patches", 0.96, {}, classifier="vgg16"),
            row("half", "ap:patches", 0.96, {}, classifier="vgg16"),
        ],
        "test",
    )
    (table,) = beside.tables(typed(results))
    assert list(table.protocols.values()) == ["ours"]
    assert table.notes[:2] == (
        "Both scored on test images; ours were kept apart under the sound protocol. What the "
        "paper leaves open about its own is said beside its protocol.",
        "AP is the mean of a class's precision and recall.",
    )
    assert table.metrics["ap", "patches"].name == "AP of patches"
    assert table.aside == "3 repeats"
    assert [line.details for line in table.lines] == ["smallcnn", "mobilenetv2"]
    assert table.missing == "Not in this run, budget laptop: 'none' and 'half' with vgg16."


def test_measures_of_images_need_no_classifier(make: Make) -> None:
    results = make(repeats=1, curves=False)
    rows = [
        row("GAN", "fid:pitting", 110.2, {"test": 97.31}),
        row("GAN", "fid:rust", 98.0, {"test": 97.31}),
    ]
    results["published"] = published(rows, "test")
    (table,) = beside.tables(typed(results))
    assert table.aside == "3 repeats" and "no classifier takes part" in table.notes[0]
    view = beside.page_view(typed(results))
    assert view is not None
    pitting, rust = view["tables"][0]["rows"][0]["groups"]
    assert (pitting["paper"], pitting["ours"][0]["middle"]) == ("110.2", "97.3")
    assert (rust["paper"], rust["ours"][0]["middle"]) == ("98", "97")


def test_scores_of_the_training_images_are_called_so(make: Make) -> None:
    results = make(repeats=1, curves=False)
    results["published"] = published([row("none", "accuracy", 1.0, {"train": 0.99})], "train")
    (table,) = beside.tables(typed(results))
    assert table.notes[0].startswith("Scored on the real training images, by the paper and here")
    entry = table.lines[0].ours(("accuracy", None), "train")
    assert entry is not None and entry.mean == 0.99


def test_a_table_that_the_budget_leaves_out_is_a_sentence(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False)
    results["published"] = published([row("rotate", "accuracy", 0.85, {}, 30)], "all")
    page = show(results)
    assert "Table II : not in this run, budget laptop: 'rotate' with 30 per class." in page.text
    assert len(page.of("caption")) == len(page.of("table"))


def test_a_class_that_the_data_lacks_is_a_dash(make_recipe: Make) -> None:
    results = make_recipe("schlagenhauf2020", repeats=1, classes=["pitting", "intact"])
    table = beside.tables(typed(results))[0]
    view = beside.page_view(typed(results))
    assert view is not None
    rust = list(table.metrics).index(("f1", "rust"))
    group = view["tables"][0]["rows"][0]["groups"][rust]
    assert group["paper"] == "70.7"
    assert group["ours"] == [
        {"title": "ours", "middle": wording.MISSING, "spread": "", "difference": ""}
    ]


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("name", ["schlagenhauf2020", "reser2020", "edcgan2023"])
def test_the_terminal_cuts_no_number_off(make_recipe: Make, name: str, width: int) -> None:
    results = make_recipe(name, "laptop", repeats=3, **FEW)
    for table in beside.tables(typed(results)):
        text = shown(results, width)
        start = next(i for i, line in enumerate(text) if table.title in line)
        rows = [line.split() for line in text[start + 1 :] if " paper " in f" {line} "]
        for line, row in zip(table.lines, rows, strict=False):
            numbers = [wording.number(line.paper(k), m) for k, m in table.metrics.items()]
            assert row[-len(numbers) :] == numbers
        body = text[start + 1 : text.index(table.notes[0], start)]
        assert max(map(len, body)) <= width


def test_foreign_words_in_a_recipe_are_text(make_recipe: Make, show: Show) -> None:
    results = make_recipe("farhat", repeats=1, classes=["cow", "horse"])
    recipe = results["published"]
    script = "<script>alert(1)</script>"
    recipe["title"] = recipe["tables"][0]["title"] = recipe["source"] = script
    recipe["decisions"] = [script]
    page = show(results)
    assert not page.of("script") and page.text.count(script) >= 4
