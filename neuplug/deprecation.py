"""What is going away says so: since when, until when, and what takes its place.

    @deprecated("neuplug.nearest", since="0.4", removal="0.6", instead="neuplug.data.neighbors")
    def nearest(...): ...

The decorator is that of PEP 702 with its sentence filled in. What it gives also serves as
``deprecated=`` of an option (``pydantic.Field``), and its ``message`` as pluggy's
``warn_on_impl=DeprecationWarning(...)`` of a hook.
"""

from __future__ import annotations

import warnings

import typing_extensions
from packaging.version import Version

from neuplug import __version__


def deprecated(
    what: str, *, since: str, removal: str, instead: str
) -> typing_extensions.deprecated:
    """Mark a function, a class or an option: using it warns, with :class:`DeprecationWarning`.

    Args:
        what: Its public name.
        since: The version of neuplug that deprecates it.
        removal: The version that no longer has it.
        instead: What to use in its place.

    Raises:
        ValueError: If it lasts for less than one minor version, or if this is the version that was
            to remove it: then its code has to go.
    """
    return typing_extensions.deprecated(_sentence(what, since, removal, instead))


def warn_deprecated(
    what: str, *, since: str, removal: str, instead: str, stacklevel: int = 2
) -> None:
    """The same from within a function, for an argument that should no longer be given.

    Args:
        what: Its public name, such as ``the argument k of neuplug.nearest``.
        since: See :func:`deprecated`.
        removal: See :func:`deprecated`.
        instead: See :func:`deprecated`.
        stacklevel: Whose line is blamed; by default that of the function's caller.

    Raises:
        ValueError: See :func:`deprecated`.
    """
    sentence = _sentence(what, since, removal, instead)
    warnings.warn(sentence, DeprecationWarning, stacklevel=stacklevel + 1)


def _sentence(what: str, since: str, removal: str, instead: str) -> str:
    start, end = Version(since), Version(removal)
    if end.release[:2] <= start.release[:2]:
        raise ValueError(f"{what}: {removal} is no minor version after {since}")
    if end.release <= Version(__version__).release:
        raise ValueError(f"{what} was to be removed in {removal}, and this is {__version__}")
    return (
        f"{what} is deprecated since neuplug {since} and will be removed in {removal}: "
        f"use {instead}."
    )
