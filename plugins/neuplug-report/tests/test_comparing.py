"""Several runs side by side, and the report of one made again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuplug.cli import main
from neuplug_report.comparing import cell, compare_runs, write_comparison
from neuplug_report.page import write_report

from .conftest import save, typed

Make = Callable[..., dict[str, Any]]


def saved(results: dict[str, Any], folder: Path, name: str) -> Path:
    target = folder / name
    save({**results, "name": name, "folder": str(target)}, target)
    return target


def test_what_differs_is_named_and_arms_stand_in_one_row(make: Make) -> None:
    one, other = make(arms={"none": 0.0, "flip": 0.02}), make(arms={"none": 0.0, "dcgan": 0.03})
    one["config"] = {"seed": 0, "repeats": 3, "training": {"lr": 0.001}, "name": "a", "workers": 2}
    other["config"] = {"seed": 0, "repeats": 3, "training": {"lr": 0.01}, "name": "b", "workers": 1}
    found = compare_runs([typed(one), typed(other)])
    assert found.settings == [("training.lr", ["0.001", "0.01"])]
    (rows,) = found.tables.values()
    assert [arm for arm, _ in rows] == ["none", "flip", "dcgan"]
    present = {arm: [mean is not None for mean, _ in cells] for arm, cells in rows}
    assert present == {"none": [True, True], "flip": [True, False], "dcgan": [False, True]}
    (flip,) = [cells[0] for arm, cells in rows if arm == "flip"]
    assert flip[0] == typed(one).decisive("flip", "smallcnn")
    assert flip[1] is not None and flip[1].verdict in {"helps", "no evidence", "harms"}


def test_runs_that_must_not_be_compared_say_so(make: Make) -> None:
    def caution(*runs: dict[str, Any]) -> list[str]:
        return compare_runs(list(map(typed, runs))).caution

    one, other = make(), make()
    assert caution(one, other) == []
    other["data"]["test"] |= {"crazing": 8}
    assert caution(one, other) == ["The runs have different numbers of test images."]
    other["data"]["images_digest"] = "other"
    assert len(caution(one, other)) == 1 and "different images" in caution(one, other)[0]
    assert any("numbers of repeats" in text for text in caution(make(), make(repeats=2)))


def test_the_command(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    one, other = (saved(make(), tmp_path / "runs", name) for name in ("first", "<b>second"))
    assert main(["report", str(one), str(other)]) == 0
    printed = capsys.readouterr().out
    assert "first" in printed and "page: comparison.html" in printed
    page = (tmp_path / "comparison.html").read_text("utf-8")
    assert "2 runs side by side" in page and "&lt;b&gt;second" in page and "<b>second" not in page
    assert "src=" not in page and "http" not in page.replace("http-equiv", "")
    assert main(["report", str(one), str(other), "--out", "page.html"]) == 0
    assert (tmp_path / "page.html").is_file()


def test_the_report_of_one_run_is_made_again(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(make(), tmp_path, "steel")
    write_report(folder)
    before = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_bytes() == before
    assert str(folder / "report.html") in capsys.readouterr().out.replace("\n", "")


def test_repeats_and_simulation_are_said_beside_the_numbers(make: Make) -> None:
    found = compare_runs([typed(make(repeats=2)), typed(make(simulated=False))])
    assert found.runs == ["steel-40 (1), simulated data", "steel-40 (2)"]
    (rows,) = found.tables.values()
    assert [cell(entry)["n"] for entry in dict(rows)["none"]] == ["n = 2", "n = 3"]


def test_both_pages_have_one_head(make: Make, tmp_path: Path) -> None:
    folder = saved(make(), tmp_path, "steel")
    write_comparison(compare_runs([typed(make()), typed(make())]), tmp_path / "comparison.html")
    pages = [write_report(folder).read_text("utf-8"), (tmp_path / "comparison.html").read_text()]
    heads = [re.sub("<title>.*?</title>", "", page.partition("</head>")[0]) for page in pages]
    assert heads[0] == heads[1] and "<style>" in heads[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["report", "nowhere"], "nowhere has no results.json"),
        (["report", "nowhere", "--out", "x.html"], "--out is for several runs"),
    ],
)
def test_mistakes(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
