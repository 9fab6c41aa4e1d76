"""What evaluators are given."""

from __future__ import annotations

from typing import Any


def test_an_evaluator_is_given_generators_and_a_classifier_of_real_images(ask: Any) -> None:
    result = ask(aug=["jitter", "mirror"], repeats=2, eval=["walker"])
    found = result.results.evaluations
    assert [(e.arm, e.repeat, e.error) for e in found] == [
        ("jitter", 0, None),
        ("jitter", 1, None),
    ]
    assert (found[0].metrics[-1].name, found[0].metrics[-1].value) == ("features", 28 * 28)
    sentence = "jitter, repeats 1 and 2, walker: in the features of linear"
    assert result.results.warnings.count(sentence) == 1
