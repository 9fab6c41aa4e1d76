"""The errors that neuplug raises on purpose: each message is a sentence for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from neuplug.text import clipped, printable


class NeuplugError(Exception):
    """Base of every error that neuplug raises on purpose. Exit code 1.

    Args:
        sentences: Each is a line of the message. What is not printable in them is escaped, so that
            no name in them begins a line of its own; words longer than file names are cut short.

    Example:
        >>> try:
        ...     neuplug.load("dcgan", steps=0)
        ... except neuplug.NeuplugError as error:
        ...     print(f"{error} (exit code {error.exit_code})")
        dcgan.steps = 0: input should be greater than or equal to 1. (exit code 2)
    """

    exit_code = 1

    def __init__(self, *sentences: object) -> None:
        super().__init__(*sentences)

    def __str__(self) -> str:
        return "\n".join(clipped(printable(str(sentence))) for sentence in self.args)


class InputError(NeuplugError, ValueError):
    """The user asked for something that cannot be done; what, where, what to do. Exit code 2.

    Within pydantic it is told with what else is wrong.

    Example:
        >>> try:
        ...     neuplug.load_dataset("PHOTOS", classes=["dent", "scrach"])
        ... except neuplug.InputError as error:
        ...     print(error)
        PHOTOS has no images of a class 'scrach'. Did you mean scratch? It has dent and scratch.
    """

    exit_code = 2


class PluginError(NeuplugError):
    """A plugin failed; the message names its distribution and version. Exit code 1.

    Example:
        >>> from neuplug.plugins.registry import ComponentSpec
        >>> vae = neuplug.Component("vae", "no_such_module:VAE", "variational autoencoder")
        >>> try:
        ...     ComponentSpec(vae, "generator", "neuplug-vae", "1.0").load()
        ... except neuplug.PluginError as error:
        ...     print(str(error).partition(": ")[0])
        vae of neuplug-vae 1.0 cannot be loaded from no_such_module:VAE
    """


class StorageError(NeuplugError):
    """A disk is full, read-only, or not to be written; the message names the folder. Exit code 2.

    Example:
        >>> from pathlib import Path
        >>> from neuplug.storage.files import write_text
        >>> Path("notes").touch()
        >>> try:
        ...     write_text(Path("notes", "today.txt"), "rain")
        ... except neuplug.StorageError as error:
        ...     print(str(error).partition(". ")[0])
        notes cannot be written: a file is in the place of a folder
    """

    exit_code = 2


class TrainingDiverged(NeuplugError):
    """A loss became NaN or infinite; raised by generators and by the classifier loop.

    Example:
        >>> photos = torch.randint(0, 256, (8, 1, 16, 16), dtype=torch.uint8)
        >>> train = neuplug.training_set(photos, [0, 1] * 4)
        >>> wild = neuplug.TrainingOptions(lr=1e30, schedule="constant", steps=20)
        >>> context = neuplug.FitContext(torch.device("cpu"), 0, "smallcnn")
        >>> try:
        ...     neuplug.fit_classifier(neuplug.load("smallcnn"), train, wild, context)
        ... except neuplug.TrainingDiverged as error:
        ...     print(str(error).split("; ")[1])
        lower the learning rate (lr = 1e+30).
    """


def expect(value: object, kind: Any, what: str, wanted: str) -> None:
    """Refuse an argument of another type.

    Raises:
        InputError: Says what it must be, and what it is.

    Example:
        >>> from neuplug.errors import expect
        >>> try:
        ...     expect(3, str, "arm", "text such as flip@add=3")
        ... except neuplug.InputError as error:
        ...     print(error)
        arm must be text such as flip@add=3, not int.
    """
    if not isinstance(value, kind):
        raise InputError(f"{what} must be {wanted}, not {type(value).__name__}.")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` Did you mean X?`` for the nearest of ``known``, in any case of letters; else empty."""
    names = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
    return f" Did you mean {names[near[0]]}?" if near else ""


class Problems(list[str]):
    """What is wrong, gathered so that one error tells all of it.

    Example:
        >>> from neuplug.errors import Problems
        >>> problems = Problems()
        >>> for name in ("flop", "dcgna"):
        ...     with problems.noted():
        ...         neuplug.discover().resolve(name)
        >>> len(problems)
        2
    """

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on after an :class:`InputError`, which is kept."""
        try:
            yield
        except InputError as error:
            self += str(error).split("\n")

    def refuse(self) -> None:
        """Raise what was kept, if there is anything, each on a line of its own."""
        if self:
            raise InputError(*dict.fromkeys(self))
