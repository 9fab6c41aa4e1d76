"""The alarm when a generator's images are all alike."""

from __future__ import annotations

from neuplug_gan.diversity import collapse_warning, diversity

from .helpers import context
from .tiny import CollapsedGAN, options, train_set


def test_collapse_raises_the_alarm() -> None:
    record = CollapsedGAN(options()).fit(train_set(), context())
    assert len(record.warnings) == 1 and "collapsed" in record.warnings[0]
    assert "tiny for bar" in record.warnings[0]


def test_no_alarm_on_real_images() -> None:
    real = train_set(48).images
    assert collapse_warning(real[:24], real[24:], "real") is None
    assert diversity(real[:1].repeat(5, 1, 1, 1)) == 0.0
