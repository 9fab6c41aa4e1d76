"""Reporters of a third party: several, none, and some with faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.hearing import Hearing

from neuplug import InputError


def test_several_reporters_of_which_two_fail(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_ABSENT", "1")
    hearing = Hearing()
    names = ["tearing", "markdown", "absent", "mute"]
    with pytest.warns(UserWarning, match="no report of tearing: tearing of neuplug-lab 1.0 failed"):
        result = ask(aug=["jitter@add=3"], report=True, reporter=names, on_event=hearing)
    assert result.reports == {"markdown": result.folder / "verdicts.md"}
    text = result.report.read_text("utf-8")
    assert "| jitter" in text and "made: ['jitter" in text
    said = " ".join(hearing.said)
    assert "tearing of neuplug-lab 1.0 failed: ValueError: no paper left" in said
    assert "absent of neuplug-lab 1.0 cannot be loaded" in said
    assert str(result).strip().endswith(f"report: {result.report}")


def test_without_a_reporter_there_are_results(ask: Any) -> None:
    result = ask(aug=["jitter@add=3"], report=False)
    assert result.reports == {} and (result.folder / "results.json").is_file()
    assert str(result).strip().endswith(f"results: {result.folder}")
    again = ask(aug=["jitter@add=3"], report=True, reporter=["markdown"])
    assert again.folder == result.folder and set(again.reports) == {"markdown"}


def test_one_more_reporter_is_asked_and_its_own_errors_stop_nothing(ask: Any) -> None:
    first = ask(aug=["jitter@add=3"], report=True, reporter=["markdown"])
    hearing = Hearing()
    names = ["mute", "strict"]
    with pytest.warns(UserWarning, match="it wants other results"):
        again = ask(aug=["jitter@add=3"], report=True, reporter=names, on_event=hearing)
    assert "no report of strict: it wants other results" in " ".join(hearing.said)
    assert again.results.cells == first.results.cells and set(again.reports) == {"markdown"}
    answered = Hearing()
    ask(aug=["jitter@add=3"], report=True, reporter=["mute"], on_event=answered)
    assert "nothing has changed" in " ".join(answered.said)


def test_a_reporter_that_is_not_there_is_refused(ask: Any) -> None:
    with pytest.raises(InputError, match=r"no reporter is called 'markdwn'.*markdown"):
        ask(aug=["jitter@add=3"], report=True, reporter=["markdwn"])


def test_a_path_is_kept_relative(ask: Any, tmp_path: Path) -> None:
    result = ask(aug=["jitter@add=3"], report=True, reporter=["markdown"])
    moved = result.folder.rename(tmp_path / "moved")
    from neuplug.experiment.reporters import read_reports

    assert read_reports(moved) == {"markdown": moved / "verdicts.md"}
