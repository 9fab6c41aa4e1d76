"""The alarm when a generator's images are all alike."""

from __future__ import annotations

import torch

from neuplug_gan.quality import collapse_warning, collapse_warnings, diversity

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


def test_a_collapse_within_classes_is_seen_and_named() -> None:
    dark, bright = torch.zeros(8, 1, 16, 16), torch.full((8, 1, 16, 16), 200.0)
    labels = torch.arange(2).repeat_interleave(8)
    rng = torch.Generator().manual_seed(0)
    spread = 50 * torch.rand(16, 1, 1, 1, generator=rng)
    real = (torch.cat([dark, bright]) + spread).byte()
    one_each = torch.cat([dark, bright]).byte()
    both = collapse_warnings(one_each, labels, real, labels, "gan", ("rust", "dent"))
    assert [w.split(":")[0] for w in both] == ["gan, rust", "gan, dent"]
    half = torch.cat([real[:8], one_each[8:]])
    (warning,) = collapse_warnings(half, labels, real, labels, "gan", ("rust", "dent"))
    assert warning.startswith("gan, dent: the generated images have collapsed")
    assert collapse_warning(one_each, real, "all together") is None
