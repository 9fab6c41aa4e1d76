"""The errors that neuplug raises on purpose: each message is a sentence for a person."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class NeuplugError(Exception):
    """Base of every error that neuplug raises on purpose. Exit code 1."""

    exit_code = 1


class InputError(NeuplugError):
    """The user asked for something that cannot be done; what, where, what to do. Exit code 2."""

    exit_code = 2


class PluginError(NeuplugError):
    """A plugin failed; the message names its distribution and version. Exit code 1."""


class TrainingDiverged(NeuplugError):
    """A loss became NaN or infinite; raised by generators and by the classifier loop."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean X?`` for the nearest of ``known``, or an empty string."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else ""
