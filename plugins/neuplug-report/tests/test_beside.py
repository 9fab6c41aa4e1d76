"""A paper's numbers beside the run's: none is lost, none is taken for another."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from neuplug import discover
from neuplug.experiment.reporters import Cell, Section, Table
from neuplug.experiment.results import Mean
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.terminal import print_summary
from neuplug_papers import beside
from neuplug_papers.paper import Paper, Published

from .conftest import typed

Make = Callable[..., dict[str, Any]]
Report = Callable[[dict[str, Any]], str]
Show = Callable[[dict[str, Any]], Any]

FEW: dict[str, Any] = {"classes": ["crazing", "patches"], "simulated": False}


def shown(results: dict[str, Any], width: int) -> list[str]:
    stream = io.StringIO()
    print_summary(typed(results), Console(file=stream, width=width))
    return stream.getvalue().splitlines()


def section(results: dict[str, Any]) -> Section:
    """What is said of the paper."""
    (found,) = beside.BesideThePaper().sections(typed(results))
    return found


def names(table: Table) -> list[str]:
    return list(dict.fromkeys(row.name for row in table.rows))


@pytest.mark.parametrize("budget", ["paper", "laptop", "smoke"])
@pytest.mark.parametrize("name", sorted({spec.name for spec in discover().of_kind("recipe")}))
def test_every_published_line_is_shown_or_named(make_recipe: Make, name: str, budget: str) -> None:
    results = make_recipe(name, budget, repeats=1, **FEW)
    tables, paper = section(results).tables, Paper.load(name)
    assert len(tables) == len(paper.published)
    for table, given in zip(tables, paper.published, strict=True):
        assert table.title.startswith(f"{name}, {given.title}")
        metrics = [beside._metric(key, given) for key in given.keys]
        for wanted in given.rows:
            classifier = wanted.classifier or results["classifiers"][0]
            size = wanted.per_class and f"{wanted.per_class} per class"
            called = {
                f"{wanted.arm} ({', '.join(about)})" if about else wanted.arm
                for about in (
                    list(filter(None, (size,))),
                    list(filter(None, (size, classifier))),
                )
            }
            rows = [r for r in table.rows if r.name in called and r.source == "paper"]
            if rows:
                (row,) = rows
                said = [wording.number(v, m) for v, m in zip(wanted.values, metrics, strict=True)]
                assert [cell.middle for cell in row.cells] == said
            else:
                assert f"'{wanted.arm}'" in table.notes[-1]


def test_without_a_recipe_there_is_nothing(make: Make, report: Report) -> None:
    results = make(repeats=1, curves=False)
    assert beside.BesideThePaper().sections(typed(results)) == []
    assert "Beside the paper" not in report(results)


def row(
    arm: str,
    metric: str,
    paper: float,
    ours: dict[Any, float],
    per_class: int | None = None,
    classifier: str = "smallcnn",
) -> beside.Line:
    """A published number with what the run found for it, all intervals as wide."""
    name, _, class_name = metric.partition(":")
    key = name, class_name or None
    found = {
        (key, protocol): Mean(mean=mean, low=mean - 0.013, high=mean + 0.013, n=3)
        for protocol, mean in ours.items()
    }
    return beside.Line(arm, per_class, classifier, {key: paper}, found)


def published(rows: list[beside.Line], protocol: str) -> Published:
    """A table of these."""
    keys = list(dict.fromkeys(key for line in rows for key in line.paper))
    return Published.model_validate(
        {
            "title": "Table II",
            "protocol": protocol,
            "metrics": [{"name": name, "class": class_name} for name, class_name in keys],
            "note": "The paper's epochs are other ones.",
            "rows": [
                {"arm": line.arm, "values": [line.paper.get(key) for key in keys]} for line in rows
            ],
        }
    )


def table_of(rows: list[beside.Line], protocol: str) -> Table:
    return beside.shown("reser2020", published(rows, protocol), rows, "laptop")


@pytest.fixture
def of_a_paper(make: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Results of a recipe whose paper has one table with these numbers."""

    def made(rows: list[beside.Line], protocol: str, **about: Any) -> dict[str, Any]:
        said = {
            "title": "DCGAN images",
            "source": "Reser",
            "protocols": {"paper": "all 300 images", "sound": "the other images"},
            "decisions": ["No batch size is named: 30."],
            "published": [published(rows, protocol)],
        }
        whole = Paper.load("reser2020").model_dump() | said | about
        paper = Paper.model_validate(whole)
        monkeypatch.setattr(Paper, "load", lambda name: paper)
        monkeypatch.setattr(beside, "lines", lambda *_: rows)
        results = make(repeats=1, curves=False)
        results["config"] |= {"recipe": "reser2020", "budget": "laptop"}
        return results

    return made


def test_numbers_differences_and_protocols_are_told_apart(of_a_paper: Make, show: Show) -> None:
    two_of_five = beside.Line(
        "GAN, 2 of 5",
        40,
        "smallcnn",
        {("accuracy", None): 0.92, ("loss", None): 0.23},
        {
            **row("", "accuracy", 0.92, {"all": 0.951, "test": 0.912}).ours,
            **row("", "loss", 0.23, {"all": 0.204, "test": 0.3126}).ours,
        },
    )
    results = of_a_paper(
        [
            two_of_five,
            row("GAN, 2 of 5", "accuracy", 0.73, {}, 10),
            row("GAN, 1 of 5", "accuracy", 0.80, {}, 10),
            row("GAN, 1 of 5", "accuracy", 0.78, {}, 20),
            row("GAN, 2 of 5", "accuracy", 0.74, {}, 20),
            row("rotate", "accuracy", 0.85, {}, 30),
        ],
        "all",
    )
    page = show(results)
    name = "GAN, 2 of 5 (40 per class)"
    assert [page.row(name, nth) for nth in range(3)] == [
        f"{name} paper 92.0 0.230",
        f"{name} ours, paper's protocol 95.1 ± 1.3 Δ +3.1 0.204 ± 0.013 Δ {wording.MINUS}0.026",
        f"{name} ours, sound protocol 91.2 ± 1.3 Δ {wording.MINUS}0.8 0.313 ± 0.013 Δ +0.083",
    ]
    for words in (
        "all 300 images",
        "the other images",
        "The paper scored on every real image",
        "The paper's epochs are other ones.",
        "No batch size is named: 30.",
        "reser2020, Table II, smallcnn, 3 repeats",
        "Not in this run, budget laptop: 'GAN, 2 of 5' and 'GAN, 1 of 5' with 10 and 20 per class; "
        "'rotate' with 30 per class.",
    ):
        assert words in page.text


def test_one_column_of_ours_where_the_protocols_agree() -> None:
    table = table_of(
        [
            row("none", "ap:patches", 0.94, {"test": 0.9}),
            row("none", "ap:patches", 0.95, {"test": 0.9}, classifier="mobilenetv2"),
            row("none", "ap:patches", 0.96, {}, classifier="vgg16"),
            row("half", "ap:patches", 0.96, {}, classifier="vgg16"),
        ],
        "test",
    )
    assert [row.source for row in table.rows] == ["paper", "ours"] * 2
    assert table.notes[:2] == [
        "Both scored on test images; ours were kept apart under the sound protocol. What the "
        "paper leaves open about its own is said beside its protocol.",
        "AP is the mean of a class's precision and recall.",
    ]
    assert table.columns == [("AP of patches", "%")]
    assert table.title == "reser2020, Table II, 3 repeats"
    assert names(table) == ["none (smallcnn)", "none (mobilenetv2)"]
    assert table.notes[-1] == "Not in this run, budget laptop: 'none' and 'half' with vgg16."


def test_measures_of_images_need_no_classifier() -> None:
    pitting, rust = ("fid", "pitting"), ("fid", "rust")
    ours = Mean(mean=97.31, low=96.0, high=98.62, n=3)
    found = {(key, "test"): ours for key in (pitting, rust)}
    line = beside.Line("GAN", None, "smallcnn", {pitting: 110.2, rust: 98.0}, found)  # type: ignore[arg-type]
    table = table_of([line], "test")
    assert table.title == "reser2020, Table II, 3 repeats"
    assert "no classifier takes part" in table.notes[0]
    paper, own = table.rows
    assert [cell.middle for cell in paper.cells] == ["110.2", "98"]
    assert [cell.middle for cell in own.cells] == ["97.3", "97"]


def test_scores_of_the_training_images_are_called_so() -> None:
    table = table_of([row("none", "accuracy", 1.0, {"train": 0.99})], "train")
    assert table.notes[0].startswith("Scored on the real training images, by the paper and here")
    assert table.rows[1].cells[0].middle == "99.0"


def test_a_table_that_the_budget_leaves_out_is_a_sentence(of_a_paper: Make, show: Show) -> None:
    page = show(of_a_paper([row("rotate", "accuracy", 0.85, {}, 30)], "all"))
    said = "Table II, smallcnn : Not in this run, budget laptop: 'rotate' with 30 per class."
    assert said in page.text
    assert len(page.of("caption")) == len(page.of("table"))


def test_a_class_that_the_data_lacks_is_a_dash(make_recipe: Make) -> None:
    results = make_recipe("schlagenhauf2020", repeats=1, classes=["pitting", "intact"])
    table = section(results).tables[0]
    rust = [name for name, _ in table.columns].index("F1 of rust")
    paper, ours = table.rows[:2]
    assert paper.cells[rust].middle == "70.7"
    assert ours.cells[rust] == Cell(wording.MISSING)


def test_a_plugin_that_fails_is_a_sentence_in_its_place(
    make_recipe: Make, monkeypatch: pytest.MonkeyPatch, show: Show
) -> None:
    def planted(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(beside.BesideThePaper, "sections", planted)
    results = make_recipe("farhat", repeats=1, classes=["cow", "horse"])
    said = "paper of neuplug-papers 0.1.0 failed: ZeroDivisionError: planted"
    assert said in show(results).text
    assert any(said in line for line in shown(results, 200))


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("name", ["schlagenhauf2020", "reser2020", "edcgan2023"])
def test_the_terminal_cuts_no_number_off(make_recipe: Make, name: str, width: int) -> None:
    results = make_recipe(name, "laptop", repeats=3, **FEW)
    for table in section(results).tables:
        text = shown(results, width)
        start = next(i for i, line in enumerate(text) if table.title in line)
        rows = [line.split() for line in text[start + 1 :] if " paper " in f" {line} "]
        for of_paper, row in zip((row for row in table.rows if not row.own), rows, strict=False):
            numbers = [cell.middle for cell in of_paper.cells]
            assert row[-len(numbers) :] == numbers
        body = text[start + 1 : text.index(table.notes[0], start)]
        assert max(map(len, body)) <= width


def test_foreign_words_in_a_recipe_are_text(of_a_paper: Make, show: Show) -> None:
    script = "<script>alert(1)</script>"
    lines = [row("none", "accuracy", 1.0, {"test": 0.99}), row(script, "accuracy", 1.0, {})]
    page = show(of_a_paper(lines, "test", title=script, source=script, decisions=[script]))
    assert not page.of("script") and page.text.count(script) >= 4
