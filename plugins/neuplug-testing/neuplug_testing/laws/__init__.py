"""The laws, by what they are about."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from neuplug_testing.law import Law
from neuplug_testing.laws import (
    augmenters,
    classifiers,
    conduct,
    evaluators,
    generators,
    images,
    mixers,
    plugins,
)


def _of(module: ModuleType) -> Iterator[Law]:
    """The laws of a module, in the order in which they stand there."""
    return (thing for thing in vars(module).values() if isinstance(thing, Law))


# All of them, in the order in which they are checked
LAWS: tuple[Law, ...] = (
    *_of(plugins),
    *images.TAKES,
    *_of(images),
    *_of(conduct),
    *_of(augmenters),
    *_of(mixers),
    *_of(generators),
    *_of(classifiers),
    *_of(evaluators),
)
