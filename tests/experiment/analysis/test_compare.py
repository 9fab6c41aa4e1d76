"""Scores of one's own are compared."""

from __future__ import annotations

import numpy as np
import pytest

import neuplug


def test_compare_knows_a_clear_case() -> None:
    rng = np.random.default_rng(0)
    base = [rng.random(200) < 0.5 for _ in range(5)]
    scores = {
        "none": base,
        "better": [b | (rng.random(200) < 0.5) for b in base],
        "worse": [b & (rng.random(200) < 0.5) for b in base],
        "same": base,
    }
    found = neuplug.compare(scores)
    assert [found[a].verdict for a in ("better", "worse", "same")] == [
        "helps", "harms", "no evidence",
    ]  # fmt: skip
    assert found["better"].adjusted_p is not None and found["better"].difference.p is not None
    assert found["better"].adjusted_p > found["better"].difference.p  # Holm
    one = neuplug.compare({arm: each[:1] for arm, each in scores.items()})
    assert {c.verdict for c in one.values()} == {"one repeat"}


def test_compare_refuses_what_does_not_pair() -> None:
    with pytest.raises(ValueError, match="no arm 'none'"):
        neuplug.compare({"mirror": [[1.0]]})
    with pytest.raises(ValueError, match="different repeats or test images"):
        neuplug.compare({"none": [[1, 0], [1, 1]], "mirror": [[1, 0]]})
    with pytest.raises(ValueError, match="items"):
        neuplug.compare({"none": [[1, 0], [1]], "mirror": [[1, 0], [1]]})
