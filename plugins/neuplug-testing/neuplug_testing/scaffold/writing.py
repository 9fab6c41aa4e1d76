"""From the templates to a package on disk, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.version import Version

from neuplug import __version__
from neuplug.errors import InputError, did_you_mean
from neuplug.storage.folders import whole_folder
from neuplug_testing.scaffold.kinds import KINDS
from neuplug_testing.scaffold.naming import Names

# Python templates hold words in place of names, so that ruff and mypy check them as they are.
_TEMPLATES = Path(__file__).with_name("templates")
_SUFFIX = ".template"  # of all other files, which their tools would take for their own


def write_plugin(name: str, kind: str, folder: Path) -> Path:
    """Write a package with one small component that works.

    Args:
        name: What the component is to be called.
        kind: ``augmenter``, ``generator``, ``classifier`` or ``evaluator``.
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
    names = Names(name)
    names.refuse_taken()
    target = folder / names.distribution
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder to put {names.distribution} into.")
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists already: choose another name, or another place by --to.")
    words = _words(names, kind)
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


def _words(names: Names, kind: str) -> dict[str, str]:
    """What stands for what in the templates."""
    about = KINDS[kind]
    return {
        "THE_NAME": names.component,
        "THE_DISTRIBUTION": names.distribution,
        "THE_PACKAGE": names.package,
        "TheName": names.stem,
        "THE_KIND": kind,
        "THE_SUMMARY": about.summary,
        "THE_USE": about.use.replace("THE_NAME", names.component),
        "THE_REQUIREMENT": requirement(),
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
