"""Generators whose classes start from one training on all of them."""

from __future__ import annotations

from typing import Any


def test_classes_start_from_one_fit_on_all(ask: Any, lab: Any) -> None:
    result = ask(aug=["tinted@add=3", "tinted@add=5"], repeats=2, workers=2)
    learned = [entry for entry in lab() if entry["what"] == "pretrain"]
    assert [entry["classes"] for entry in learned] == [2, 2]  # once a repeat, whatever the arms
    fits = [fit for fit in result.results.generators if fit.arm == "tinted@add=3"]
    assert sorted((fit.repeat, fit.class_name or "") for fit in fits) == [
        (repeat, name) for repeat in (0, 1) for name in ("", "lying", "standing")
    ]
    assert any("pretraining warns" in fit.warnings for fit in fits)
    # a class's generator goes back to the images of all classes, and none is held out
    proofs = {fit.class_name: result.results.provenance[fit.key] for fit in fits if not fit.repeat}
    assert proofs["lying"] == proofs["standing"] == proofs[None]
    assert proofs[None].training_images == sum(result.results.data.train.values())
    assert proofs[None].overlap_with_test == 0


def test_nothing_is_learned_twice(ask: Any, lab: Any) -> None:
    ask(aug=["tinted@add=3"], repeats=1)
    before = len(lab())
    ask(aug=["tinted@add=4"], repeats=1, name="again")
    assert not [entry for entry in lab()[before:] if entry["what"] in ("pretrain", "fit")]
