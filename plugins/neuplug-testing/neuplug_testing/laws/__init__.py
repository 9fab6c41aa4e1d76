"""The laws, by what they are about."""

from __future__ import annotations

from neuplug_testing.law import Law
from neuplug_testing.laws import (
    amounts,
    augmenters,
    classifiers,
    conduct,
    evaluators,
    formats,
    fusing,
    generators,
    latents,
    options,
    plugins,
    repeatability,
)

# All of them, in the order in which they are checked
LAWS: tuple[Law, ...] = (
    *plugins.LAWS,
    *options.LAWS,
    *formats.LAWS,
    *amounts.LAWS,
    *repeatability.LAWS,
    *conduct.LAWS,
    *augmenters.LAWS,
    *fusing.LAWS,
    *generators.LAWS,
    *latents.LAWS,
    *classifiers.LAWS,
    *evaluators.LAWS,
)
