"""What plugins return is held to what they owe before it is kept, and the sentence names them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from neuplug_tests.lab import SITE

import neuplug
from neuplug import PluginError

CHECK = "'neuplug plugins check neuplug-lab'"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("spare", r"spare of neuplug-lab 1\.0 failed: .*shape \(4, 3\) instead of \(4, 2\)"),
        ("rounded", r"rounded of neuplug-lab 1\.0 failed: .*torch\.int64 instead of floating"),
    ],
)
def test_a_network_without_logits_is_named(ask: Any, name: str, sentence: str) -> None:
    with pytest.raises(PluginError, match=f"{sentence}.*{CHECK}"):
        ask(clf=[name], repeats=1)


def test_logits_that_are_not_finite_are_told_before_a_metric_is_made(ask: Any) -> None:
    with pytest.raises(
        neuplug.TrainingDiverged, match=rf"blind of neuplug-lab 1\.0 .*not finite.*lr = .*{CHECK}"
    ):
        ask(clf=["blind"], repeats=1)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("nan", "the curve distance is nan at step 2.*TrainingDiverged"),
        ("dict", "fit returned dict instead of neuplug.FitRecord"),
        ("text", "warnings is 'collapse' instead of a tuple"),
    ],
)
def test_a_fit_that_cannot_be_shown_names_its_generator(
    ask: Any, fault: str, sentence: str
) -> None:
    with pytest.raises(PluginError, match=rf"curve of neuplug-lab 1\.0 failed: .*{sentence}"):
        ask(aug=["curve"], repeats=1, options={"curve": {"fault": fault}})


EVALUATIONS = {
    "evaluation": "evaluate returned dict instead of neuplug.Evaluation",
    "warnings": "warnings is 'text' instead of a tuple",
    "warning": "a warning is 3 instead of a text",
    "nan": "the metric grey is nan: leave out",
    "tensor": "the metric grey is tensor(1.), a Tensor, not a number",
    "true": "the metric n is True, a bool, not a number",
    "negative": "n of the metric grey is -3: it must be a number of images, 0 or more",
    "count": "the metric n is 1.5: it must be a number of images, 0 or more",
    "dict": "metrics is a dict instead of a tuple of neuplug.Metric",
    "bare": "a metric is a float instead of neuplug.Metric",
    "twice": "the metric n is given twice",
    "class": "the metric grey of sitting is for an unknown class; the images have standing, lying",
    "end": "the metric grey of lying has one end of an interval",
    "deviation": "std of the metric grey is inf: leave out",
    "share": "the metric copies is 12.5: a share must be from 0 to 1",
    "better": "higher_is_better of the metric grey is 'no'",
    "unit": "unit of the metric grey is None instead of a text",
    "nameless": "a metric has an empty name",
    "numbered": "the name of a metric is 7 instead of a text",
    "title": "title is None instead of a text",
    "guide": "guide is ['grey'] instead of a text",
    "property": "title is a property instead of an attribute of the class",
    "empty-png": "the figure empty.png is an empty file",
    "empty-svg": "the figure empty.svg is an empty file",
    "text-png": "the figure text.png is not a valid PNG",
    "text-svg": "the figure text.svg is not a valid SVG",
    "gone-png": "the figure gone.png is not there",
    "elsewhere-png": "elsewhere.png is not below context.folder",
    "one-svg": "one.svg') instead of a tuple",
}


def test_an_evaluation_that_cannot_be_kept_names_its_evaluator(ask: Any) -> None:
    names = [f"faulty-{fault}" for fault in ("none", *EVALUATIONS)]
    result = ask(aug=["jitter"], eval=names, add=3, repeats=1)
    found = {e.evaluator.removeprefix("faulty-"): e for e in result.results.evaluations}
    assert found.keys() == {"none", *EVALUATIONS}
    kept = found.pop("none")
    assert kept.error is None and [(m.name, m.value) for m in kept.metrics] == [("n", 3)]
    for fault, sentence in EVALUATIONS.items():
        error = found[fault].error
        assert error.startswith(f"faulty-{fault} of neuplug-lab 1.0 failed: ")
        assert sentence in error and CHECK in error
        assert not (found[fault].metrics or found[fault].figures or found[fault].warnings)
    assert result.results.evaluators["faulty-title"].title != "None"
    text = (result.folder / "results.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)
    assert neuplug.read_results(result.folder) == result.results


def test_a_fault_is_told_with_its_file_and_line(ask: Any) -> None:
    source = (SITE / "neuplug_lab/parts.py").read_text().splitlines()
    (line,) = [i for i, text in enumerate(source, 1) if "ZeroDivisionError" in text]
    with pytest.raises(
        PluginError, match=rf"ZeroDivisionError: planted \(parts\.py, line {line}\)\. Leave"
    ):
        ask(aug=["crash"], repeats=1)


@pytest.mark.parametrize(
    ("arm", "sentence"),
    [
        ("small", r"small of neuplug-lab 1\.0 failed: .*shape \(6, 1, 27, 28\) instead of"),
        ("floats", r"floats of neuplug-lab 1\.0 failed: .*torch.float32 instead of uint8"),
        ("floats+jitter", r"floats of neuplug-lab 1\.0 failed"),
    ],
)
def test_wrong_images_are_caught_where_they_come_from(ask: Any, arm: str, sentence: str) -> None:
    with pytest.raises(PluginError, match=sentence):
        ask(aug=[arm], repeats=1)
