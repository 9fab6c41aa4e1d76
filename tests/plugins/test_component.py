"""A component's options: refused in one sentence."""

from __future__ import annotations

import pytest

from neuplug import InputError, Options


def test_an_option_that_must_be_given_is_named() -> None:
    class Needy(Options):
        strength: float

    with pytest.raises(InputError, match=r"^needy\.strength must be given: it has no default\.$"):
        Needy.parse({}, "needy")
    assert Needy.parse({"strength": "2"}, "needy").strength == 2
