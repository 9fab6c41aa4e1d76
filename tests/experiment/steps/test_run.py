"""What evaluators find, and what they say of themselves."""

from __future__ import annotations

from typing import Any


def test_evaluators(ask: Any) -> None:
    result = ask(aug=["jitter", "invert"], eval=["brightness", "confidence", "broken"], add=3)
    found = result.results.evaluations
    brightness = [e for e in found if e.evaluator == "brightness"]
    assert [(e.arm, e.repeat) for e in brightness] == [("jitter", 0), ("jitter", 1)]
    assert all(m.n == 6 and 40 < m.value < 120 for e in brightness for m in e.metrics)
    for entry in brightness:
        assert (result.folder / entry.figures[0]).read_text() == "bright"
    confidence = [e for e in found if e.evaluator == "confidence"]
    assert len(confidence) == 3 * 2 and all(
        0.5 <= m.value <= 1 for e in confidence for m in e.metrics
    )
    broken = [e for e in found if e.evaluator == "broken"]
    assert broken and all("broken of neuplug-lab 1.0 failed" in e.error for e in broken)


def test_evaluators_speak_for_themselves(ask: Any) -> None:
    result = ask(aug=["jitter@add=4"], eval=["brightness", "walker"], repeats=1)
    words = {name: said.model_dump() for name, said in result.results.evaluators.items()}
    assert words == {
        "brightness": {"title": "How bright", "guide": "Black is 0, white is 255."},
        "walker": {"title": "", "guide": ""},
    }
