"""The files that a component consists of, wherever and however they are installed.

Loads no torch, and imports nothing of what it looks for.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from importlib.machinery import all_suffixes
from importlib.metadata import Distribution, PackageNotFoundError, distributions
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from neuplug.plugins.imported import (
    ChangedError,
    drop_outdated_bytecode,
    hash_file,
    in_memory,
    look,
)

CORE = "neuplug"  # its version is in every key
# What lies beside the packages in a project's folder and is not imported by them
NO_CODE = frozenset(
    "test tests doc docs example examples benchmark benchmarks build dist "
    "conftest.py noxfile.py setup.py toxfile.py".split()
)

RECORD = ".dist-info/RECORD"
MODULES = tuple(all_suffixes())

# A file or a folder of files: its name where it is installed, and its path
Part = tuple[str, Path]

_found: dict[tuple[object, ...], InstalledFiles] = {}


def installed_files(name: str, module: str, uses: tuple[str, ...] = ()) -> InstalledFiles:
    """The files behind a component: found once in a process, looked at whenever asked.

    Args:
        name: Its distribution; one that is not there counts as empty.
        module: Where its class is; the top package counts even if the distribution lacks it.
        uses: Further distributions or packages that count.
    """
    key = (name, module.partition(".")[0], uses, tuple(sys.path))
    if key not in _found:
        search = _Search()
        search.component(name, module, uses)
        files = InstalledFiles(search.parts, search.facts)
        if search.absent:  # what is not there yet may come
            return files
        _found[key] = files
    return _found[key]


def drop_outdated_bytecode_of(module: str) -> None:
    """Make sure that a module's top package is not imported from outdated bytecode."""
    for _, path in _package(module.partition(".")[0]):
        drop_outdated_bytecode(path / "__init__.py" if path.is_dir() else path)


class InstalledFiles:
    """Files, folders of files, and facts that have no file."""

    def __init__(self, parts: set[Part], facts: set[str]) -> None:
        self._parts, self._facts = sorted(parts), sorted(facts)
        self._known: set[Path] = set()
        self._noted = False

    def note(self) -> None:
        """Note how the files are before they are imported, unless that is done."""
        if not self._noted:
            self._noted = True
            with contextlib.suppress(ChangedError):
                self.digest()

    def digest(self) -> str:
        """A hash of all names and contents: the same wherever they are installed.

        Raises:
            ChangedError: With the path of a file that is not what it was when it was imported.
        """
        found: set[tuple[str, str]] = set()
        paths: set[Path] = set()
        for name, path in self._files():
            with contextlib.suppress(OSError):
                found.add((name, look(path, _hash_record if name.endswith(RECORD) else hash_file)))
                paths.add(path)
        for gone in sorted(self._known - paths):
            if in_memory(gone):
                raise ChangedError(gone)
        self._known = paths
        lines = [*(f"{name}\0{content}" for name, content in sorted(found)), *self._facts]
        text = "\n".join(lines).encode("utf-8", "surrogateescape")
        return hashlib.sha256(text).hexdigest()[:16]

    def newest(self) -> str:
        """The path of the file that changed last; empty without any."""
        times = {path: path.stat().st_mtime_ns for _, path in self._files() if path.is_file()}
        return str(max(times, key=times.__getitem__)) if times else ""

    def _files(self) -> Iterator[Part]:
        for name, path in self._parts:
            yield from _below(name, path) if path.is_dir() else [(name, path)]


def _below(name: str, folder: Path) -> Iterator[Part]:
    """All files below a folder, but for what Python, editors and tools leave there."""
    visited = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        here = Path(place)
        if here.resolve() in visited:  # links in a circle
            folders.clear()
            continue
        visited.add(here.resolve())
        folders[:] = [f for f in folders if f != "__pycache__" and not f.startswith(".")]
        for file in files:
            if not file.startswith(".") and not file.endswith("~"):
                path = here / file
                yield f"{name}/{path.relative_to(folder).as_posix()}", path


class _Search:
    """Looks for what a component consists of.

    Attributes:
        parts: The files and folders found.
        facts: What counts besides.
        absent: Whether something was not found.
    """

    def __init__(self) -> None:
        self.parts: set[Part] = set()
        self.facts: set[str] = set()
        self.absent = False
        self._visited = {CORE}

    def component(self, name: str, module: str, uses: tuple[str, ...]) -> None:
        """A component's distribution, its class's package, and what it says that it uses."""
        found = _distribution(name)
        if found is not None:
            self._visited.add(found.name)
            self._content(found)
            self._requirements(found)
        self._top(module)
        for other in uses:
            found = _distribution(other)
            if found is not None:
                self._content(found)
            if found is None or _package(other.partition(".")[0]):
                self._top(other)

    def _requirements(self, found: _Distribution) -> None:
        """What a distribution requires: by content if that is edited in place, or by its record."""
        for name in found.requires:
            if name in self._visited:
                continue
            self._visited.add(name)
            other = _distribution(name)
            if other is None:
                self._lack(name)
                continue
            if other.by_content:
                self._content(other)
            else:
                self._record(other)
            if other.by_content or CORE in other.requires:
                self._requirements(other)  # a library for plugins: what it builds on counts too

    def _content(self, found: _Distribution) -> None:
        """All files of a distribution."""
        folders = found.linked_folders()
        names = found.entries()
        if found.lines and not found.edited_at:
            self.parts |= {(row, found.base / row) for row in map(_row, found.lines)}
            self._record(found)
        else:
            names += found.read("top_level.txt").split()
            if not names and not folders:
                names.append(found.name.replace("-", "_"))
        for folder in folders:
            self.parts |= {(path.name, path) for path in _importable(folder)}
        for name in names:
            self._top(name)

    def _record(self, found: _Distribution) -> None:
        """What a distribution's record says of its files: their names, sizes and hashes."""
        self.facts.add(f"{found.name} {found.version}")
        if found.record is not None:
            self.parts.add((found.name + RECORD, found.record))

    def _top(self, module: str) -> None:
        """The top package of a module, unless its distribution's record has it."""
        top = module.partition(".")[0]
        if top == CORE:
            return
        places = _package(top)
        if not places:
            self._lack(top)
        for part in places:
            inside = f"{part[1]}{os.sep}"
            if not any(
                n.startswith(f"{top}/") and str(p).startswith(inside) for n, p in self.parts
            ):
                self.parts.add(part)

    def _lack(self, name: str) -> None:
        self.absent = True
        self.facts.add(f"no {name}")


def _package(top: str) -> list[Part]:
    """Where Python has a top package or module from, or would take it from."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [(top, Path(place).resolve()) for place in spec.submodule_search_locations]
    if spec.origin is None or not spec.has_location:
        return []
    return [(Path(spec.origin).name, Path(spec.origin).resolve())]


def _importable(folder: Path) -> Iterator[Path]:
    """The packages and modules in a folder that Python imports from."""
    project = (folder / "pyproject.toml").exists() or (folder / "setup.py").exists()
    for path in folder.iterdir():
        if path.name in NO_CODE or path.name.startswith((".", "__editable__")):
            continue
        if path.is_file():
            if path.name.endswith(MODULES):
                yield path
        elif path.name.isidentifier() and (
            (path / "__init__.py").exists()
            or (not project and any(p.name.endswith(MODULES) for p in path.iterdir()))
        ):
            yield path


class _Distribution:
    """What an installed distribution says of itself, read once.

    Raises:
        PackageNotFoundError: If it is not installed.
        ValueError: If it has no name or version.
    """

    def __init__(self, name: str) -> None:
        self._found = found = _first(name)
        metadata = found.metadata
        self.name, self.version = canonicalize_name(metadata["Name"] or ""), metadata["Version"]
        if not self.name or not self.version:
            raise ValueError(f"{name} has no name or version")
        self.base = Path(str(found.locate_file(""))).resolve()
        folder = getattr(found, "_path", None)
        self.record = None if folder is None else Path(str(folder)).resolve() / "RECORD"

    @functools.cached_property
    def requires(self) -> list[str]:
        """The names of what it requires here, without its extras."""
        names = []
        for line in self._found.requires or []:
            with contextlib.suppress(InvalidRequirement, ValueError):
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    names.append(canonicalize_name(requirement.name))
        return sorted(names)

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines of its record that are of code and data."""
        return _listed(self.read("RECORD"))

    @functools.cached_property
    def edited_at(self) -> str:
        """The URL of the folder where it is edited in place; empty for all others."""
        try:
            direct = json.loads(self.read("direct_url.json"))
            return str(direct["url"]) if direct["dir_info"]["editable"] else ""
        except (ValueError, KeyError, TypeError):
            return ""

    @property
    def by_content(self) -> bool:
        """Whether its record does not tell one content of its files from another."""
        hashed = bool(self.lines) and all(",sha" in line for line in self.lines)
        return bool(self.edited_at) or not hashed

    def read(self, file: str) -> str:
        """A file of its metadata; empty if it is not there."""
        try:
            return self._found.read_text(file) or ""
        except (OSError, ValueError):
            return ""

    def entries(self) -> list[str]:
        """The modules of its entry points for neuplug."""
        try:
            found = self._found.entry_points.select(group=CORE)
            return [entry.value.partition(":")[0].strip() for entry in found]
        except Exception:  # whatever is wrong with them, the registry has told it
            return []

    def linked_folders(self) -> list[Path]:
        """The folders outside its own from which it is imported."""
        folders = []
        for name in map(_row, self.read("RECORD").splitlines()):
            if name.endswith(".pth") and "/" not in name:
                with contextlib.suppress(OSError, ValueError):
                    lines = (self.base / name).read_text("utf-8").splitlines()
                    folders += [(self.base / line.strip()).resolve() for line in lines if line]
        folders = [folder for folder in folders if folder.is_dir() and folder != self.base]
        if self.edited_at and not folders:
            from urllib.request import url2pathname

            root = Path(url2pathname(urlsplit(self.edited_at).path))
            near = [(root / name).resolve() for name in ("", "src", "lib", "python")]
            folders = [folder for folder in near if folder in {Path(p).resolve() for p in sys.path}]
        return folders


def _first(name: str) -> Distribution:
    """The first of that name on the path; of several in one folder, one with a record."""
    found = list(distributions(name=name)) if name else []
    if not found:
        raise PackageNotFoundError(name)
    base = str(found[0].locate_file(""))
    beside = [other for other in found if str(other.locate_file("")) == base]
    return max(beside, key=lambda d: (bool(d.read_text("RECORD")), str(getattr(d, "_path", ""))))


def _distribution(name: str) -> _Distribution | None:
    try:
        return _read_distribution(name, tuple(sys.path))
    except (PackageNotFoundError, ValueError, KeyError, OSError):
        return None


@functools.cache  # which keeps no exceptions: what is not there yet may come
def _read_distribution(name: str, path: tuple[str, ...]) -> _Distribution:
    del path  # where it is depends on it
    return _Distribution(name)


def _listed(record: str) -> list[str]:
    """The lines of a record that are of code and data.

    Scripts hold the path of their Python, and what installers write of themselves differs too.
    """
    return [
        line
        for line in record.splitlines()
        if line
        and not line.startswith(("../", "/", '"../', '"/'))
        and "__pycache__/" not in line
        and ".dist-info/" not in line
        and not _row(line).endswith(".pth")
    ]


def _row(line: str) -> str:
    """The path in a line of a record: ``path,hash,size``, quoted if it has a comma."""
    path = line.rsplit(",", 2)[0]
    return path[1:-1].replace('""', '"') if path.startswith('"') else path


def _hash_record(path: Path) -> str:
    lines = sorted(_listed(path.read_text("utf-8", "replace")))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
