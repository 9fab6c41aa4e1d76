"""Arms that make no sense are refused."""

from __future__ import annotations

from typing import Any

import pytest

from neuplug import InputError


@pytest.mark.parametrize(
    ("arms", "sentence"),
    [
        (["jitter@only=sitting"], "no class 'sitting'"),
        (["jitter@stepz=3"], "Did you mean steps"),
        (["jitter@ad=3"], "Did you mean add"),
        (["invert@runs=2,add=3"], "runs is for generators"),
        (["invert@only=lying"], "need an amount"),
        (["a: jitter@add=3", "a: jitter@add=4"], "two different arms are called 'a'"),
        (["jitter@shade=dark"], "jitter.shade = 'dark'"),
    ],
)
def test_stages_that_make_no_sense(ask: Any, arms: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ask(aug=arms)
