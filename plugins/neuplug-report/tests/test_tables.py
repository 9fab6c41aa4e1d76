"""What the terminal shows at the end of a run."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from neuplug.experiment.looks import looks_sentence
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.terminal import print_summary
from neuplug_report.sections import view

from .conftest import typed

Make = Callable[..., dict[str, Any]]


def shown(results: dict[str, Any], width: int = 120) -> list[str]:
    stream = io.StringIO()
    print_summary(typed(results), Console(file=stream, width=width))
    return stream.getvalue().splitlines()


def test_the_verdicts_come_first_and_the_path_last(full: dict[str, Any]) -> None:
    lines = shown(full)
    found = typed(full)
    expected = [wording.verdict_sentence(c, found) for c in wording.ranked(found)]
    assert [line[2:] for line in lines[: len(expected)]] == expected
    said = [wording.power_sentence(found), wording.enough_sentence(found), ""]
    assert lines[len(expected) :][:3] == said
    assert lines[-1] == f"results: {full['folder']}"  # no page has been made of these
    assert lines[-3] == "warning: 12 images are smaller than 64 x 64 and were enlarged."


def test_planned_looks_are_said(full: dict[str, Any]) -> None:
    """In the terminal and on the page, in one sentence; a run with one look has none."""
    assert looks_sentence(typed(full)) == "" and view(typed(full))["looks"] == ""
    looks = [{"repeats": n, "level": level} for n, level in ((5, 0.01), (8, 0.015), (12, 0.025))]
    comparisons = full["comparisons"]
    for c, (n, verdict) in zip(comparisons, [(5, "helps"), (8, "harms")], strict=False):
        c |= {"n": n, "verdict": verdict}
    for c in comparisons[2:]:
        c |= {"n": 12, "verdict": "no evidence", "level": 0.025, "adjusted_p": 0.03, "low": 0.001}
        c |= {"effect": 0.02, "high": 0.04, "detectable": 0.05}
    found = typed(full | {"looks": looks})
    sentence = (
        "Comparisons decided at the planned looks: 1 at 5 repeats (p below 0.01), 1 at 8 repeats "
        f"(p below 0.015) and 0 at 12 repeats (p below 0.025); {len(comparisons) - 2} left open."
    )
    assert looks_sentence(found) == view(found)["looks"] == sentence
    assert sentence in shown(full | {"looks": looks}, 300)
    # what a look has decided was not missed: 5 points are of those that are open
    assert "With 12 repeats" in wording.power_sentence(found)
    assert "under 5.0 points" in wording.power_sentence(found)
    assert "and this look asks for 0.025" in wording.verdict_sentence(found.comparisons[2], found)


def test_every_mean_has_its_interval_and_n(full: dict[str, Any]) -> None:
    lines = shown(full)
    start = [lines.index(next(s for s in lines if s.startswith(c))) for c in full["classifiers"]]
    tables = {
        "mobilenetv2": lines[start[0] : start[1]],
        "smallcnn": lines[start[1] :],
    }
    for entry in typed(full).summary:
        if entry.class_name is not None:
            continue
        look = wording.METRICS[entry.metric]
        value = f"{wording.number(entry.mean, look)} {wording.spread(entry, look)}"
        row = next(r for r in tables[entry.classifier] if r.split()[:1] == [entry.arm])
        assert value in row
        assert row.split()[-1] == str(entry.n)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_table_keeps_to_the_width(full: dict[str, Any], width: int) -> None:
    lines = shown(full, width)
    table = lines[lines.index("") : lines.index(next(s for s in lines if s.startswith("mean ±")))]
    assert max(len(line.rstrip()) for line in table) <= width
    assert any("classical+dcgan" in line for line in table)  # not folded


def test_simulated_data_is_called_so(make: Make) -> None:
    assert "smallcnn, simulated data" in [line.strip() for line in shown(make(simulated=True))]
    assert "simulated" not in "".join(shown(make(simulated=False))[:-1])


def test_one_repeat_gives_no_verdict_and_no_interval(make: Make) -> None:
    text = "\n".join(shown(make(repeats=1)))
    assert "one repeat: no verdict, add --repeats" in text.splitlines()[0]
    assert "±" not in text.replace("mean ± half of the 95 % interval", "")
    assert "one repeat has no interval" in text


def test_markup_and_escapes_in_names_are_shown_as_text(make: Make, hostile: list[str]) -> None:
    results = make(classes=hostile, arms={"none": 0.0, "[red]dcgan[/red]": 0.045})
    results["warnings"] = ["class \x1b[31mesc\nline has :smile: 5 images [/]"]
    text = "\n".join(shown(results))
    assert "[red]dcgan[/red] helps smallcnn" in text
    assert r"class \x1b[31mesc\nline has :smile: 5 images [/]" in text
    assert "\x1b" not in text


def test_a_terminal_without_unicode_gets_ascii(make: Make) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_summary(typed(make()), Console(file=stream, width=120))
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "95 % interval " in text and " .. +" in text
    assert "+/-" in text
    assert "?" not in text


def test_only_none_ran(make: Make) -> None:
    results = make(arms={"none": 0.0})
    lines = shown(results)
    assert lines[0] == "Nothing to compare: no arm ran beside none."
    assert any(line.startswith("none ") for line in lines)


def test_an_arm_that_did_not_run_with_a_classifier_has_no_row(make: Make) -> None:
    results = make()
    results["cells"] = [c for c in results["cells"] if c["arm"] == "none"]
    results["summary"] = [s for s in results["summary"] if s["arm"] == "none"]
    results["comparisons"] = []
    assert not any(line.startswith("dcgan") for line in shown(results))


def test_a_missing_cell_is_a_dash(make: Make) -> None:
    results = make()
    results["summary"] = [s for s in results["summary"] if s["arm"] == "none"]
    results["comparisons"] = []
    row = next(line for line in shown(results) if line.startswith("dcgan"))
    assert row.split() == ["dcgan", *["\N{EN DASH}"] * 6, "3"]
