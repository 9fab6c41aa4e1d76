"""What the classifiers cost, beside what they reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuplug.experiment.summary import wording
from neuplug_report.costs import plain_and_best

from .conftest import typed

Make = Callable[..., dict[str, Any]]
Report = Callable[[dict[str, Any]], str]
Show = Callable[[dict[str, Any]], Any]


def test_costs_stand_beside_the_best_arm_and_its_own_baseline(make: Make) -> None:
    results = make(repeats=2, sizes=[6, 10], curves=False)
    level = {"none (6 per class)": 0.5, "dcgan (6 per class)": 0.8}
    level |= {"none (10 per class)": 0.7, "dcgan (10 per class)": 0.75}
    for entry in results["summary"]:
        if entry["metric"] == "accuracy":
            entry["mean"] = level[entry["arm"]]
    plain, best = plain_and_best(typed(results), "smallcnn")
    assert best is not None and plain is not None
    assert (best.arm, best.mean) == ("dcgan (6 per class)", 0.8)
    assert (plain.arm, plain.mean) == ("none (6 per class)", 0.5)


def test_the_page_has_a_row_for_each_classifier(make: Make, show: Show) -> None:
    results = make(repeats=2, classifiers=["mobilenetv2", "smallcnn"], curves=False)
    page = show(results)
    rows = [page.row(name, nth=0) for name in ("mobilenetv2 2.2 M", "smallcnn 94 k")]
    assert rows[0].startswith("mobilenetv2 2.2 M 24 M 8.1 ")
    assert rows[1].startswith("smallcnn 94 k 3.1 M 0.62 ")
    assert all("dcgan, n = 2" in row and "none, n = 2" in row for row in rows)
    assert "one image of 64 x 64" in page.text
    assert "(cpu, 2 threads), measured while other jobs may have run" in page.text


def test_none_alone_has_no_best_arm(make: Make, show: Show) -> None:
    results = make(repeats=1, arms={"none": 0.0}, curves=False)
    plain, best = plain_and_best(typed(results), "smallcnn")
    assert best is None and plain is not None and plain.arm == "none"
    row = show(results).row("smallcnn 94 k")
    assert row.startswith(f"smallcnn 94 k 3.1 M 0.62 {wording.MISSING}")
