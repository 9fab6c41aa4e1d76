"""What is in the wheels: the code and its data, and what an index shows of a package."""

from __future__ import annotations

import importlib
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.environments import PACKAGES, ROOT, build, metadata
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import neuplug
from neuplug_testing.scaffold.writing import requirement

CORE_ENTRIES = {("console_scripts", "neuplug", "neuplug.cli:main")}


def project(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return about["project"]


def module(folder: Path) -> str:
    """What it is imported as."""
    name: str = project(folder)["name"]
    return name.replace("-", "_")


def sources(folder: Path) -> set[str]:
    """Its code and data, as they are to be in the wheel."""
    files = (folder / module(folder)).rglob("*")
    return {
        file.relative_to(folder).as_posix()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def named(folder: Path) -> str:
    return module(folder)


@pytest.fixture(params=PACKAGES, ids=named)
def package(request: pytest.FixtureRequest) -> Path:
    """The folder of a package."""
    folder: Path = request.param
    return folder


@pytest.fixture
def wheel(package: Path, wheels: Path) -> Path:
    """Its wheel."""
    (found,) = wheels.glob(f"{module(package)}-*.whl")
    return found


def test_every_package_is_built(wheels: Path) -> None:
    """For any platform, as all is Python."""
    versions = {module(f): project(f).get("version", neuplug.__version__) for f in PACKAGES}
    assert {file.name for file in wheels.glob("*.whl")} == {
        f"{name}-{version}-py3-none-any.whl" for name, version in versions.items()
    }


def test_the_code_is_in_it_and_nothing_else(package: Path, wheel: Path) -> None:
    """No tests, no hidden files: all is below the package's folder, and all of that is there."""
    info = f"{module(package)}-{metadata(wheel).version}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    if metadata(wheel).entry_points:
        about.add(f"{info}/entry_points.txt")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert len(names) == len(set(names))
    assert set(names) == sources(package) | about
    assert f"{module(package)}/py.typed" in names
    outside = [name for name in names if "/templates/" not in name]
    assert not [name for name in outside if "/tests/" in name or "/." in name]


def test_an_index_shows_what_it_is(package: Path, wheel: Path) -> None:
    stated, shown = project(package), metadata(wheel).metadata
    assert shown["Name"] == stated["name"]
    assert shown["Summary"] == stated["description"]
    assert shown["License-Expression"] == "Apache-2.0"
    assert shown.get_all("License-File") == ["LICENSE"]
    assert SpecifierSet(shown["Requires-Python"]) == SpecifierSet(stated["requires-python"])
    assert "neuplug" in stated["name"].split("-") and shown["Keywords"]
    assert shown["Description-Content-Type"] == "text/markdown"
    assert shown["Description"] == (package / "README.md").read_text("utf-8")
    for url in shown.get_all("Project-URL", []):
        assert url.partition(", ")[2].startswith("https://")


def test_classifiers_say_for_whom_and_what_about(package: Path, wheel: Path) -> None:
    """That they are known ones, hatchling sees to when it builds."""
    shown = metadata(wheel).metadata.get_all("Classifier", [])
    assert {
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    } <= set(shown)
    assert not [c for c in shown if c.startswith("License ::")]  # the expression says it


def test_it_is_found_by_its_entry_point(
    package: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(package))  # examples are not installed
    entries = {(e.group, e.name, e.value) for e in metadata(wheel).entry_points}
    if package == ROOT:
        assert entries == CORE_ENTRIES
    elif "entry-points" in project(package):
        hooks = {entry for entry in entries if entry[0] == "neuplug"}
        own = ("neuplug", module(package).removeprefix("neuplug_"), module(package))
        assert hooks in ({own}, set())
        assert hooks or entries  # a tool has commands alone
        for _, _, target in entries:
            name, _, attribute = target.partition(":")
            found = importlib.import_module(name)
            assert not attribute or callable(getattr(found, attribute))
    else:  # a library that plugins share
        init = (package / module(package) / "__init__.py").read_text("utf-8")
        assert entries == set() and "hookimpl" not in init


def test_it_asks_for_this_neuplug_and_not_for_the_next(package: Path, wheel: Path) -> None:
    asked = [Requirement(line) for line in metadata(wheel).requires or []]
    this = Requirement(requirement()).specifier
    ours = {r.name: r.specifier for r in asked if r.name.startswith("neuplug")}
    if package == ROOT:
        assert set(map(str, ours.values())) == {""}  # what its plugins ask for decides
    else:
        assert ours["neuplug"] == this
        assert set(ours.values()) == {this}


def test_every_other_requirement_has_both_bounds(wheel: Path) -> None:
    for line in metadata(wheel).requires or []:
        asked = Requirement(line)
        if not asked.name.startswith("neuplug"):
            signs = {s.operator for s in asked.specifier}
            assert signs == {">=", "<"}, f"{wheel.name}: {line}"


def test_all_ask_for_the_same_versions(wheels: Path) -> None:
    ranges: dict[str, set[SpecifierSet]] = {}
    for wheel in wheels.glob("*.whl"):
        for asked in map(Requirement, metadata(wheel).requires or []):
            if not asked.name.startswith("neuplug"):
                ranges.setdefault(asked.name, set()).add(asked.specifier)
    assert {name: found for name, found in ranges.items() if len(found) > 1} == {}


def test_the_source_distribution_makes_the_same_wheel(wheels: Path, tmp_path: Path) -> None:
    """Without ``--wheel``, uv makes the wheel from the source distribution."""
    import tarfile

    build(ROOT, tmp_path)
    (archive,) = tmp_path.glob("*.tar.gz")
    (wheel,) = tmp_path.glob("*.whl")
    with tarfile.open(archive) as files:
        places = {name.split("/")[1] for name in files.getnames() if "/" in name}
    assert places == {
        "neuplug", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO",
        ".gitignore",  # hatchling reads it while it builds
    }  # fmt: skip
    with zipfile.ZipFile(wheel) as again, zipfile.ZipFile(wheels / wheel.name) as first:
        assert {i.filename: i.CRC for i in again.infolist()} == {
            i.filename: i.CRC for i in first.infolist()
        }
