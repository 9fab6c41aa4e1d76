"""A component's class is loaded when it is asked for."""

from __future__ import annotations

import pytest

from neuplug import PluginError

from .fakes import Install, problems_of


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("acme-nowhere", "No module named 'acme_targets_missing'"),
        ("acme-noclass", "has no attribute 'Bright'"),
        ("acme-wrongkind", "acme_good_parts:Mean is not a neuplug.Augmenter"),
        ("acme-function", "acme_targets:neuplug_augmenters is not a neuplug.Augmenter"),
        ("acme-unfinished", "acme_good_parts:Unfinished lacks augment"),
        ("acme-exits", "SystemExit: 3"),
    ],
)
def test_a_target_is_only_a_fault_when_it_is_chosen(install: Install, name: str, what: str) -> None:
    registry = install("good", "targets")
    assert problems_of(registry, "acme-targets") == []
    with pytest.raises(PluginError) as raised:
        registry.resolve(name).load()
    assert str(raised.value).startswith(f"{name} of acme-targets 1.0")
    assert what in str(raised.value)
    assert "Leave it out or install another version of acme-targets" in str(raised.value)
