"""A stored result answers for the code and data that made it, wherever these lie, and no others."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

HOOKS = """
from neuplug import Component, hookimpl

@hookimpl
def neuplug_augmenters():
    yield Component(
        "watch",
        "acme_watch.parts:Watch",
        "writes down what it works with",
        uses=("acme-borrowed", "acme_loose"),
    )

@hookimpl
def neuplug_classifiers():
    yield Component("flat", "acme_watch.parts:Flat", "one linear layer")
"""

PARTS = """
import json, os, pathlib
import acme_borrowed, acme_edited, acme_edited_more, acme_library, acme_required, acme_second
from torch import nn
from neuplug import Augmenter, Classifier

OWN = 1

def value(module):
    return module.VALUE

class Watch(Augmenter):
    def augment(self, images, rng):
        import acme_loose
        here = pathlib.Path(__file__)
        data = int(here.with_name("data.txt").read_text())
        beside = int(here.parents[1].joinpath("acme_watch.txt").read_text())
        modules = (acme_second, acme_edited, acme_edited_more, acme_library)
        modules += (acme_required, acme_borrowed, acme_loose)
        with open(os.environ["ACME_LOG"], "a") as file:
            file.write(json.dumps([OWN, data, *map(value, modules), beside]) + "\\n")
        return images

class Flat(Classifier):
    def build(self, num_classes, in_chans, image_size):
        return nn.Sequential(nn.Flatten(), nn.Linear(in_chans * 28 * 28, num_classes))
"""

ONES = [1] * 10
SECOND, DATA = "site/acme_second/__init__.py", "site/acme_watch/data.txt"


def install(site: Path, name: str, files: dict[str, str], *requires: str) -> None:
    """Put a distribution where Python finds it, with a record, as pip does."""
    folder = f"{name.replace('-', '_')}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: {other}\n" for other in requires)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}\nReadme.\n"
    files = {**files, f"{folder}/METADATA": metadata}
    lines = [f"../../../bin/{name},sha256={hash(str(site))},1", f"{folder}/RECORD,,"]
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
        lines.append(f"{path},sha256={digest.decode().rstrip('=')},{len(text)}")
    (site / folder / "RECORD").write_text("\n".join(lines) + "\n")


def install_editable(site: Path, project: Path, name: str, files: dict[str, str]) -> None:
    """Leave a distribution's files in its project's folder, which Python is told of."""
    for path, text in {**files, "pyproject.toml": "", "tests/__init__.py": ""}.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    direct = {"url": project.as_uri(), "dir_info": {"editable": True}}
    folder = f"{name.replace('-', '_')}-1.0.dist-info"
    install(site, name, {f"{name}.pth": f"{project}\n"})
    (site / folder / "direct_url.json").write_text(json.dumps(direct))


def build(place: Path) -> Path:
    """A plugin with a second package and a data file, and what it requires and says it uses."""
    site = place / "site"
    code = {
        "acme_watch/__init__.py": HOOKS,
        "acme_watch/parts.py": PARTS,
        "acme_watch/data.txt": "1",
        "acme_watch.txt": "1",
        "acme_second/__init__.py": "VALUE = 1\n",
    }
    needed = ("acme-edited", "acme-library", "acme-required>=1", "acme-absent; python_version<'3'")
    install(site, "acme-watch", code, "neuplug", *needed)
    entry = "[neuplug]\nwatch = acme_watch\n"
    (site / "acme_watch-1.0.dist-info" / "entry_points.txt").write_text(entry)
    packages = ("acme_edited/__init__.py", "acme_edited_more/__init__.py")
    edited = dict.fromkeys(packages, "VALUE = 1\n")
    install_editable(site, place / "project", "acme-edited", edited)
    install(site, "acme-required", {"acme_required.py": "VALUE = 1\n"})
    install(site, "acme-borrowed", {"acme_borrowed.py": "VALUE = 1\n"})
    (site / "acme_library-2.0.dist-info").mkdir()  # as some systems install: without a record
    metadata = "Metadata-Version: 2.1\nName: acme-library\nVersion: 2.0\n"
    (site / "acme_library-2.0.dist-info" / "METADATA").write_text(metadata)
    (site / "acme_library.py").write_text("VALUE = 1\n")
    loose = place / "loose" / "acme_loose"  # a package of no distribution, and no __init__.py
    loose.mkdir(parents=True)
    (loose.parent / "acme_loose.py").write_text("VALUE = 1\n")
    return place


SLOW = pytest.mark.slow
ASKING = Path(__file__).with_name("asking.py")
ASK = "__import__('runpy').run_path(file)[act](paths, environment, place, *arguments)"
Answer = tuple[list[list[int]], str]


class Lab:
    """A place with plugins, and one store; every question is asked in a process of its own."""

    def __init__(self, place: Path, store: Path) -> None:
        self.place, self.store, self.log = place, store, store / "watch.log"

    def ask(self, act: str, *arguments: Any, **environment: str) -> Answer:
        """What the plugin wrote down while the act went on, and what that says."""
        before = len(self.seen())
        paths = [str(self.place / name) for name in ("site", "project", "loose")]
        environment |= {"NEUPLUG_CACHE": str(self.store), "PYTHONPATH": os.pathsep.join(paths)}
        environment |= {"ACME_LOG": str(self.log)}
        context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
        if sys.platform != "win32":
            context.set_forkserver_preload(["torch._dynamo", "neuplug.experiment.runfolder"])
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            names = {"file": str(ASKING), "act": act, "arguments": arguments}
            names |= {"paths": paths, "environment": environment, "place": str(self.place)}
            said = pool.submit(eval, ASK, names).result()
        return self.seen()[before:], said

    def seen(self) -> list[list[int]]:
        """All that the plugin ever wrote down."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The plugins, and a store with their results."""
    place, store = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("store")
    lab = Lab(build(place), store)
    seen, said = lab.ask("compose")
    assert seen and not said and set(map(tuple, seen)) == {tuple(ONES)}
    return lab


@pytest.fixture
def lab(asked: Lab, tmp_path: Path) -> Lab:
    """The same plugins in another folder, with a store that has the results of the first."""
    shutil.copytree(asked.store, tmp_path / "store")
    return Lab(build(tmp_path / "elsewhere"), tmp_path / "store")


@pytest.mark.parametrize(
    ("at", "file", "text"),
    [
        (1, DATA, "5"),
        (2, SECOND, "VALUE = 5\n"),
        (3, "project/acme_edited/__init__.py", "VALUE = 5\n"),
        pytest.param(4, "project/acme_edited_more/__init__.py", "VALUE = 5\n", marks=SLOW),
        pytest.param(5, "site/acme_library.py", "VALUE = 5\n", marks=SLOW),
        pytest.param(7, "site/acme_borrowed.py", "VALUE = 5\n", marks=SLOW),
        (8, "loose/acme_loose.py", "VALUE = 5\n"),
        (9, "site/acme_watch.txt", "5"),
    ],
    ids=lambda value: str(value) if "/" in str(value) else "",
)
def test_what_a_component_uses_is_in_its_key(lab: Lab, at: int, file: str, text: str) -> None:
    (lab.place / file).write_text(text)
    seen, said = lab.ask("compose")
    assert not said and {line[at] for line in seen} == {5}


def test_another_version_of_what_it_requires_is_in_its_key(lab: Lab) -> None:
    install(lab.place / "site", "acme-required", {"acme_required.py": "VALUE = 5\n"})
    seen, _ = lab.ask("compose")
    assert {line[6] for line in seen} == {5}


def test_what_is_neither_code_nor_data_is_not_in_its_key(lab: Lab) -> None:
    """Nor is the folder: the results asked for are of the same files elsewhere."""
    site = lab.place / "site"
    info = site / "acme_watch-1.0.dist-info"
    (info / "METADATA").write_text((info / "METADATA").read_text() + "A better readme.\n")
    (info / "INSTALLER").write_text("another")
    for stray in (".DS_Store", "parts.py~", "__pycache__/parts.pyc"):
        path = lab.place / "project/acme_edited" / stray
        path.parent.mkdir(exist_ok=True)
        path.write_text("stray")
    (lab.place / "project/tests/__init__.py").write_text("VALUE = 5\n")
    (lab.place / "project/README.md").write_text("Read me.\n")
    shutil.copytree(info, site / "acme_watch-0.9.dist-info")  # left over, so it is found twice
    (site / "acme_watch-0.9.dist-info" / "RECORD").unlink()
    seen, said = lab.ask("compose")
    assert not seen and not said


@pytest.mark.parametrize(
    ("at", "file", "text"),
    [
        (0, "site/acme_watch/parts.py", PARTS.replace("OWN = 1", "OWN = 5")),
        (1, DATA, "5"),
        (2, SECOND, "VALUE = 5\n"),
        pytest.param(7, "site/acme_borrowed.py", "VALUE = 5\n", marks=SLOW),
    ],
    ids=lambda value: str(value) if "/" in str(value) else "",
)
def test_code_edited_while_it_is_in_memory_is_refused(
    lab: Lab, at: int, file: str, text: str
) -> None:
    (lab.place / DATA).write_text("2")  # nobody has asked that yet, so the code gets imported
    seen, said = lab.ask("edit_between", file, text)
    assert {(line[0], *line[2:]) for line in seen} == {tuple(ONES[1:])}
    assert "watch of acme-watch 1.0" in said and str(lab.place / file) in said
    assert "changed since this process imported it" in said
    seen, said = lab.ask("compose")
    assert not said and {line[at] for line in seen} == {5}


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_code_edited_while_a_run_goes_on_is_refused(lab: Lab, workers: int) -> None:
    (lab.place / DATA).write_text("2")
    file = lab.place / SECOND
    seen, said = lab.ask("edit_when_planned", SECOND, "VALUE = 7\n", workers)
    assert not seen and "of acme-watch 1.0" in said and str(file) in said
    assert ("since this run was planned" if workers else "since this process imported") in said
    seen, said = lab.ask("compose", workers)
    assert not said and {(line[1], line[2]) for line in seen} == {(2, 7)}


def test_code_imported_by_hand_and_edited_is_refused(lab: Lab) -> None:
    seen, said = lab.ask("import_then_edit")
    assert not seen and "parts.py changed since this process imported it" in said


def test_code_edited_before_it_is_imported_is_used(lab: Lab) -> None:
    seen, said = lab.ask("discover_then_edit")
    assert not said and {line[0] for line in seen} == {2}
