"""A new plugin's package, from templates to a folder on disk, whole or not at all."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from packaging.version import Version

from neuplug import __version__
from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.distributions import canonical
from neuplug.plugins.hookspecs import Component
from neuplug.plugins.registry import discover
from neuplug.storage.store import whole_folder

PREFIX = "neuplug-"

# Python templates hold words in place of names, so that ruff and mypy check them as they are.
_TEMPLATES = Path(__file__).with_name("templates")
_SUFFIX = ".template"  # of all other files, which their tools would take for their own


class Kind(NamedTuple):
    """A kind of component that a package is written for.

    Attributes:
        summary: The line that ``neuplug plugins`` lists, until its author writes another.
        use: What follows ``neuplug compose``, with ``THE_NAME`` for the component.
        libraries: Packages of neuplug that it requires besides.
    """

    summary: str
    use: str
    libraries: tuple[str, ...] = ()


# By the names of :data:`neuplug.plugins.hookspecs.KINDS`
KINDS = {
    "augmenter": Kind("gamma correction with a random exponent", "--aug THE_NAME --clf smallcnn"),
    "mixer": Kind("left of one image beside right of another", "--aug THE_NAME --clf smallcnn"),
    "generator": Kind(
        "normal distribution over principal components", "--aug THE_NAME --clf smallcnn"
    ),
    "classifier": Kind("small convolutional network", "--clf THE_NAME"),
    "evaluator": Kind(
        "brightness and contrast beside real images",
        "--aug dcgan --clf smallcnn --eval THE_NAME",
        ("neuplug-figures",),
    ),
}


def write_plugin(name: str, kind: str, folder: Path) -> Path:
    """Write a package with one small component that works.

    Args:
        name: What the component is to be called.
        kind: One of :data:`KINDS`.
        folder: Where the package's folder ``neuplug-NAME`` is made.

    Returns:
        The package's folder.

    Raises:
        InputError: If there is no such kind, no component may have the name, something installed
            has it, or the folder exists.
        OSError: If the place cannot be written.
    """
    if kind not in KINDS:
        raise InputError(
            f"--kind {kind}: no such kind.{did_you_mean(kind, KINDS)} "
            f"There are: {', '.join(KINDS)}."
        )
    _check_name(name)
    words = _words(name, kind)
    distribution = words["THE_DISTRIBUTION"]
    _refuse_taken(name, distribution, words["THE_PACKAGE"])
    target = folder / distribution
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder to put {distribution} into.")
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists already: choose another name, or another place by --to.")
    with whole_folder(target) as aside:
        for place, text in _rendered(kind, words):
            (aside / place).parent.mkdir(parents=True, exist_ok=True)
            (aside / place).write_text(text, "utf-8", newline="\n")
    return target


def requirement(running: str = __version__) -> str:
    """What a plugin made with this version of neuplug asks for, as ``neuplug>=0.1,<0.2``.

    Before 1.0 the next minor version may break it, from then on the next major one.
    """
    version = Version(running)
    least = version.public if version.is_prerelease else f"{version.major}.{version.minor}"
    end = str(version.major + 1) if version.major else f"0.{version.minor + 1}"
    return f"neuplug>={least},<{end}"


def _check_name(name: str) -> None:
    """Refuse what no component may be called."""
    if name.startswith(PREFIX):
        raise InputError(
            f"{name}: leave out '{PREFIX}', which the package gets by itself: "
            f"neuplug plugins new {name.removeprefix(PREFIX) or 'NAME'}."
        )
    try:
        Component(name, "module:Class", "its summary")
    except ValueError as error:
        raise InputError(f"{error}: choose another name.") from None


def _refuse_taken(name: str, distribution: str, package: str) -> None:
    """Refuse names that an installed component, distribution or module has."""
    for provided in discover().components:
        if provided.name == name:
            raise InputError(
                f"{name} is the name of the {provided.kind} of {provided.source}: "
                "choose another name."
            )
    try:
        found = version(distribution)
    except PackageNotFoundError:
        if importlib.util.find_spec(package) is None:
            return
        raise InputError(
            f"a module {package} can already be imported here: choose another name."
        ) from None
    raise InputError(f"{distribution} {found} is installed already: choose another name.")


def _words(name: str, kind: str) -> dict[str, str]:
    """What stands for what in the templates."""
    about = KINDS[kind]
    distribution = canonical(PREFIX + name)
    words = distribution.removeprefix(PREFIX).split("-")
    required = requirement()
    libraries = [required.replace("neuplug", name, 1) for name in about.libraries]
    stem = "".join(word[:1].upper() + word[1:] for word in words)
    return {
        "THE_NAME": name,
        "THE_DISTRIBUTION": distribution,
        "THE_PACKAGE": distribution.replace("-", "_"),
        "TheName": stem if stem.isidentifier() else f"Plugin{stem}",
        "THE_KIND": kind,
        "TheKind": kind.capitalize(),
        "THE_SUMMARY": about.summary,
        "THE_USE": about.use.replace("THE_NAME", name),
        "THE_REQUIREMENTS": ", ".join(f'"{line}"' for line in (required, *libraries)),
    }


def _rendered(kind: str, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each file of a kind's package: its place and its text."""
    word = re.compile("|".join(words))

    def render(text: str) -> str:
        return word.sub(lambda found: words[found[0]], text)

    for part in ("common", kind):
        home = _TEMPLATES / part
        for file in sorted(home.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                place = file.relative_to(home).as_posix().removesuffix(_SUFFIX)
                yield render(place), render(file.read_text("utf-8"))
