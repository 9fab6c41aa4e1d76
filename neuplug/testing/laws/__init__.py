"""The laws, by what they are about."""

from __future__ import annotations

from neuplug.testing.law import Law
from neuplug.testing.laws import (
    augmenters,
    classifiers,
    conduct,
    evaluators,
    formats,
    generators,
    options,
    plugins,
    repeatability,
)

LAWS: tuple[Law, ...] = (
    *plugins.LAWS,
    *options.LAWS,
    *formats.LAWS,
    *repeatability.LAWS,
    *conduct.LAWS,
    *augmenters.LAWS,
    *generators.LAWS,
    *classifiers.LAWS,
    *evaluators.LAWS,
)
"""All of them, in the order in which they are checked."""
