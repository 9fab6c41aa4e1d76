"""The trainings of a run's classifiers."""

from __future__ import annotations

from typing import Any

from neuplug_tests.hearing import Hearing


def test_scoring_on_every_real_image_besides(ask: Any) -> None:
    result = ask(score_all=True, repeats=1)
    (cell,) = result.results.cells
    assert sum(map(sum, cell.test.confusion)) == 28
    assert sum(map(sum, cell.all_images.confusion)) == 40
    plain = ask(repeats=1)
    assert plain.results.cells[0].all_images is None
    assert plain.results.cells[0].test == cell.test


def test_retraining_begins_with_the_real_images(ask: Any) -> None:
    training = {"steps": 10, "batch": 4, "real_first": 6}
    result = ask(aug=["jitter@add=4", "jitter@add=4,replace"], repeats=1, training=training)
    assert {c.steps for c in result.results.cells} == {16}
    plain = ask(aug=["jitter@add=4"], repeats=1)
    by_arm = {c.arm: c.test.loss for c in result.results.cells}
    assert by_arm["none"] != plain.results.cells[0].test.loss
    epochs = ask(repeats=1, training={"epochs": 2, "real_first": 1, "batch": 4})
    assert epochs.results.cells[0].steps == 3 * 3  # 12 images in 3 batches


def test_retraining_shares_its_first_phase(ask: Any, lab: Any) -> None:
    hearing = Hearing()
    training = {"steps": 4, "batch": 4, "real_first": 3}
    arms = ["jitter@add=4", "jitter@add=8", "jitter@add=4,replace"]
    ask(aug=arms, repeats=1, training=training, on_event=hearing)
    # one first phase for three arms, one for the arm without real images
    assert hearing.done.count("train") == 4 + 2
