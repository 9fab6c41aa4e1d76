"""What a law is, and what comes of checking one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from neuplug.plugins.hookspecs import COMPONENTS
from neuplug.plugins.isolation import told

Status = Literal["passed", "failed", "skipped"]

# The kind of laws that are about a distribution as a whole
PLUGIN = "plugin"


class Broken(Exception):
    """A law is broken; the message is a sentence on what was seen."""


class Unchecked(Exception):
    """A law cannot be checked here; the message is the reason."""


@contextlib.contextmanager
def must_work(otherwise: str) -> Iterator[None]:
    """What fails in the block breaks the law.

    Args:
        otherwise: What that means, such as ``Its state cannot be stored``.
    """
    try:
        yield
    except (Broken, Unchecked):
        raise
    except Exception as error:
        raise Broken(f"{otherwise}: {told(error)}.") from error


@contextlib.contextmanager
def may_fail(otherwise: str) -> Iterator[None]:
    """What fails in the block breaks another law, and this one cannot be checked.

    Args:
        otherwise: The reason, which names the other law.
    """
    try:
        yield
    except Exception as error:
        raise Unchecked(otherwise) from error


def must_be_sentence(refusal: object, what: str) -> None:
    """Break the law where the refusal of ``what`` says nothing."""
    if len(str(refusal).split()) < 3:
        raise Broken(f"It refuses {what} with {str(refusal)!r}, which is not a sentence.")


@dataclass(frozen=True)
class Law:
    """One thing that every component of some kinds owes.

    Attributes:
        name: Such as ``same-seed-same-result``.
        kinds: The kinds of component that it holds for, or :data:`PLUGIN`.
        statement: What holds, in a sentence.
        advice: What the author of a component that breaks it should do.
        check: Takes what is checked.
        fast: Whether it takes no more than a component's work once or twice on small images.

    Raises:
        Broken: By ``check``.
        Unchecked: By ``check``.
    """

    name: str
    kinds: frozenset[str]
    statement: str
    advice: str
    check: Callable[[Any], None]
    fast: bool = False


def law(*kinds: str, fast: bool = False) -> Callable[[Callable[[Any], None]], Law]:
    """Make a law of a function.

    Its name is the law's, the first line of its docstring the statement, and the rest of that the
    advice.

    Args:
        kinds: See :class:`Law`; if none is named, every kind of component.
        fast: Likewise.
    """

    def make(check: Callable[[Any], None]) -> Law:
        statement, _, advice = (check.__doc__ or "").strip().partition("\n\n")
        name = check.__name__.replace("_", "-")
        of = frozenset(kinds or COMPONENTS)
        return Law(name, of, statement, " ".join(advice.split()), check, fast)

    return make


@dataclass(frozen=True)
class Outcome:
    """What came of one law.

    Attributes:
        subject: The component's name, or the distribution's.
        kind: The component's, or ``plugin``.
        law: The law's name.
        status: ``passed``, ``failed`` or ``skipped``.
        message: What was seen and what to do, or why it was skipped; empty where it passed.
    """

    subject: str
    kind: str
    law: str
    status: Status
    message: str = ""

    def as_dict(self) -> dict[str, str]:
        """The same as plain data."""
        return asdict(self)


class LawsBroken(AssertionError):
    """Some laws are broken; the message names each.

    Args:
        outcomes: All of them.

    Attributes:
        outcomes: The same.

    Example:
        >>> seen = "Two batches are changed alike."
        >>> dusk = Outcome("dusk", "augmenter", "every-batch-is-new", "failed", seen)
        >>> print(neuplug_testing.LawsBroken([dusk]))
        1 of 1 laws broken
        dusk, every-batch-is-new: Two batches are changed alike.
    """

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        failed = [o for o in self.outcomes if o.status == "failed"]
        lines = [f"{o.subject}, {o.law}: {o.message}" for o in failed]
        super().__init__("\n".join([f"{len(failed)} of {len(self.outcomes)} laws broken", *lines]))
