"""LeCam: the anchors and the penalty by hand, then in training."""

from __future__ import annotations

import pytest

from neuplug_gan.regularizers import LeCam

from .helpers import context
from .regularized import GAN, given, options, train_set


def test_lecam_by_hand() -> None:
    penalty = LeCam(weight=0.5, decay=0.9, start=2)
    # both waiting updates: nothing penalised, the anchors are the latest means
    assert float(penalty(given([9.0, 9.0], [-9.0, -9.0], 0))) == 0
    assert float(penalty(given([1.0, 3.0], [-2.0, 0.0], 1))) == 0
    assert (float(penalty.real), float(penalty.fake)) == (2.0, -1.0)
    now = given([4.0, 2.0], [-1.0, 1.0], 2)
    found = penalty(now)
    real, fake = 0.9 * 2 + 0.1 * 3, 0.9 * -1 + 0.1 * 0
    assert float(penalty.real) == pytest.approx(real)
    assert float(penalty.fake) == pytest.approx(fake)
    above = ((4 - fake) ** 2 + (2 - fake) ** 2) / 2
    below = ((real + 1) ** 2 + (real - 1) ** 2) / 2
    assert found.item() == pytest.approx(0.5 * (above + below))
    found.backward()  # through the logits, not through the anchors
    assert now.on_real.grad.tolist() == pytest.approx([0.5 * (4 - fake), 0.5 * (2 - fake)])


def test_lecam_leaves_alone_what_is_beyond_the_other_anchor() -> None:
    penalty = LeCam(1.0, 0.99, 0)
    penalty(given([1.0], [-1.0], 0))
    assert penalty(given([-5.0, -6.0], [5.0, 6.0], 1)).item() == 0


def test_lecam_does_nothing_before_its_start() -> None:
    late = GAN(options(lecam=1.0, lecam_start=60)).fit(train_set(), context())
    assert late.curves == GAN(options()).fit(train_set(), context()).curves
    begun = GAN(options(lecam=1.0, lecam_start=0)).fit(train_set(), context())
    assert begun.curves != late.curves
