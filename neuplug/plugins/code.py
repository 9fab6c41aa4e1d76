"""The files that a component consists of, and what they were when this process imported them.

All files count of the packages that its distribution installs, of its class's package, and of what
it says that it uses. What its distribution requires counts by its record, which has a hash of every
file, or by its files where there is no such record, as where it is installed to be edited.

A result belongs to the code that made it, and that is the code in memory. So files are hashed when
they are imported, and looked at again whenever their hash is asked for. Loads no torch, and imports
nothing of what it looks for.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from importlib.util import cache_from_source, find_spec
from pathlib import Path

from neuplug.plugins.distributions import canonical, identity, requirements

CORE = "neuplug"  # its version is in every key
# What may lie beside the packages in a project's folder and is not imported by them
NO_CODE = frozenset("benchmarks build conftest dist docs examples noxfile setup tests".split())


class ChangedError(Exception):
    """A file is not what it was when this process imported it."""


@functools.cache
def code_of(names: tuple[str, ...], path: tuple[str, ...]) -> Code:
    """The files behind a component: found once in a process, looked at whenever asked.

    Args:
        names: Its distribution (one that is not there has no files), the module of its class, and
            further distributions or packages that count.
        path: Python's, on which what is installed depends.
    """
    del path
    return Code(*names)


class Code:
    """Files and folders of files.

    Args:
        distribution: All that it requires counts too.
        names: Further distributions, packages or modules.
    """

    def __init__(self, distribution: str, *names: str) -> None:
        self._places: set[tuple[str, Path]] = set()
        self._files: dict[Path, str] = {}
        self._visited = {CORE, canonical(distribution)}
        for name in (distribution, *names):
            self._add_content(name)
        if (found := _find(distribution)) is not None:
            self._add_requirements(found)

    def digest(self) -> str:
        """A hash of all names and contents: the same wherever they are installed.

        Raises:
            ChangedError: With the path of a file that is not what it was when it was imported.
        """
        for name, place in self._places:  # to those before, of which some may be gone
            self._files |= _below(name, place) if place.is_dir() else {place: name}
        hashes = [(name, look(path)) for path, name in self._files.items()]
        lines = sorted(f"{name}\0{content}" for name, content in hashes if content)
        text = "\n".join(lines).encode("utf-8", "surrogateescape")
        return hashlib.sha256(text).hexdigest()[:16]

    def note(self) -> None:
        """Note how the files are, before they are imported."""
        with contextlib.suppress(ChangedError):
            self.digest()

    def newest(self) -> str:
        """The path of the file that changed last; empty without any."""
        times = {path: path.stat().st_mtime_ns for path in self._files if path.is_file()}
        return str(max(times, key=times.__getitem__)) if times else ""

    def _add_content(self, name: str) -> None:
        """All files of a distribution's packages, or of a package or module of that name."""
        found = _find(name)
        for top in {name.partition(".")[0], *(_packages(found) if found is not None else ())}:
            self._places |= {(top, place) for place in _places(top)}
        if found is not None:  # data beside a module
            known = {place for _, place in self._places}
            for path, *_ in _rows(found.read_text("RECORD") or ""):
                place = Path(str(found.locate_file(path))).resolve()
                if "/" not in path and not path.endswith(".pth") and place not in known:
                    self._places.add((path, place))

    def _add_requirements(self, distribution: Distribution) -> None:
        """What a distribution requires, and of libraries for plugins what they require."""
        for name in (canonical(requirement.name) for requirement in requirements(distribution)):
            found = None if name in self._visited else _find(name)
            self._visited.add(name)
            if found is None:
                continue
            if record := _record_with_hashes(found):
                self._places.add((" ".join(identity(found)), record))
            else:
                self._add_content(name)
            if not record or any(canonical(r.name) == CORE for r in requirements(found)):
                self._add_requirements(found)


def _find(name: str) -> Distribution | None:
    """The first distribution of that name on the path; of several in one folder, one with a record.

    Such are left over where an upgrade was interrupted.
    """
    found = list(distributions(name=name))
    beside = [d for d in found if d.locate_file("") == found[0].locate_file("")]
    return max(beside, key=lambda d: bool(d.read_text("RECORD")), default=None)


def _packages(distribution: Distribution) -> set[str]:
    """Names of the packages and modules that it installs, or has in the folder of its project."""
    names = {canonical(identity(distribution)[0]).replace("-", "_")}
    names |= set((distribution.read_text("top_level.txt") or "").split())
    for path, *_ in _rows(distribution.read_text("RECORD") or ""):
        if path.endswith(".pth"):
            file = Path(str(distribution.locate_file(path)))
            lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
            for line in lines:
                names |= set() if line.startswith("import ") else _importable(file.parent / line)
        else:
            names.add(path.partition("/")[0].partition(".")[0])
    return names - NO_CODE


def _importable(folder: Path) -> set[str]:
    """Names of the packages and modules in a folder that Python imports from."""
    names = {module.name for module in pkgutil.iter_modules([str(folder)])}
    if not (folder / "pyproject.toml").exists():  # such as src: folders are packages
        names |= {path.name for path in folder.glob("*/")}
    return names


def _places(top: str) -> list[Path]:
    """Where Python has a top package or module from, or would take it from."""
    if not top.isidentifier() or top == CORE:
        return []
    try:
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is not None and spec.submodule_search_locations is not None:
        return [Path(place).resolve() for place in spec.submodule_search_locations]
    return [Path(spec.origin).resolve()] if spec and spec.origin and spec.has_location else []


def _below(top: str, folder: Path) -> dict[Path, str]:
    """All files below a folder, but for what Python, editors and tools leave there."""
    found = {}
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [f for f in folders if f != "__pycache__" and not f.startswith(".")]
        for file in files:
            if not file.startswith(".") and not file.endswith("~"):
                path = Path(place, file)
                found[path] = f"{top}/{path.relative_to(folder).as_posix()}"
    return found


def _record_with_hashes(distribution: Distribution) -> Path | None:
    """Its record, unless that does not tell one content of its files from another."""
    rows = [row for row in _rows(distribution.read_text("RECORD") or "") if row[0][-4:] != ".pth"]
    if not rows or not all(row[1] for row in rows):
        return None
    if '"editable"' in (distribution.read_text("direct_url.json") or ""):
        return None
    return Path(str(getattr(distribution, "_path", ""))) / "RECORD"


def _rows(record: str) -> list[list[str]]:
    """Path, hash and size of the files in a record that are code or data.

    Scripts hold the path of their Python, and what installers write of themselves differs too.
    """
    return [
        row
        for row in csv.reader(record.splitlines())
        if len(row) == 3
        and not row[0].startswith(("../", "/", "__editable___"))
        and "__pycache__/" not in row[0]
        and ".dist-info/" not in row[0]
    ]


# Files at the last look: times, size and number, and the hash
_seen: dict[Path, tuple[tuple[int, ...], str]] = {}


def look(path: Path) -> str:
    """The hash of a file, which is read only where it may have changed since the last look.

    Returns:
        Empty if the file cannot be read.

    Raises:
        ChangedError: If it changed, and what it was may be in memory.
    """
    before, known = _seen.get(path, ((), ""))
    mark: tuple[int, ...] = ()
    digest = ""
    with contextlib.suppress(OSError):
        status = path.stat()
        # a change that keeps size and time of change still moves the second of these
        mark = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        if mark == before:
            return known
        drop_outdated_bytecode(path)
        digest = _hash(path)
    if before and digest != known and _in_memory(path):
        raise ChangedError(path)
    _seen[path] = mark, digest
    return digest


def _hash(path: Path) -> str:
    if path.name == "RECORD" and path.parent.suffix == ".dist-info":
        rows = sorted(_rows(path.read_text("utf-8", "replace")))
        return hashlib.sha256(repr(rows).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_memory(path: Path) -> bool:
    """Whether a file's content may be in use: a module's only once it is imported."""
    if path.suffix != ".py":
        return True
    real = path.resolve()
    return any(real == Path(f).resolve() for f in _loaded_files("") if f.endswith(path.name))


def note_import(module: str) -> None:
    """Note the files of a module's top package that are imported by now."""
    top = module.partition(".")[0]
    for file in _loaded_files(top) if top != CORE else ():
        path = Path(file).resolve()
        if path not in _seen:
            look(path)


def _loaded_files(top: str) -> Iterator[str]:
    """Files of the modules of a top package in memory, or of all; lazy ones are not touched."""
    for name, module in sys.modules.copy().items():
        if name.startswith(top) and (not top or name.partition(".")[0] == top):
            file = getattr(module, "__dict__", {}).get("__file__")
            if isinstance(file, str):
                yield file


def prepare_import(module: str) -> None:
    """Make sure that a module's top package is not imported from outdated bytecode."""
    for place in _places(module.partition(".")[0]):
        drop_outdated_bytecode(place / "__init__.py" if place.is_dir() else place)


def drop_outdated_bytecode(source: Path) -> None:
    """Delete bytecode that is older than its source.

    Python takes it for that source's if the size and the second of the change are the same, and
    would run the old code under the hash of the new.
    """
    if source.suffix != ".py":
        return
    with contextlib.suppress(OSError, NotImplementedError):
        bytecode = Path(cache_from_source(str(source)))
        if bytecode.stat().st_mtime_ns <= source.stat().st_ctime_ns:
            bytecode.unlink()
