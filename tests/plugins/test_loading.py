"""From a name to a ready component."""

from __future__ import annotations

import pytest

import neuplug
from neuplug import InputError

from .fakes import Install


def test_load_gives_a_component_with_its_options(install: Install) -> None:
    install("good")
    assert neuplug.load("acme-dim", factor="0.25").options.factor == 0.25
    with pytest.raises(InputError, match=r"acme-dim has no option 'faktor'\. Did you mean factor"):
        neuplug.load("acme-dim", faktor=1)
