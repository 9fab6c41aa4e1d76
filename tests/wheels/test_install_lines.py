"""What the README and the guides have one type to install, build and test is run as it stands.

Each block is typed into a copy of the repository: in the running environment where it says
``uv run``, kept from changing it, and else in one where third-party packages take the network's
place. A block that ``<!-- not run: why -->`` follows is left out; a new one is run.
"""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import pytest
from neuplug_tests.environments import ROOT, Environment, Installer

from ..docs.texts import BLOCK, TEXTS
from .typed import NOT_RUN, SHELL, TOOLS, Typed, all_typed, copy, path, to_run, type_in

ALL = to_run()
RUNS = [typed for typed in ALL if "uv run " in " ".join(typed.lines)]
INSTALLS = [typed for typed in ALL if typed not in RUNS]

SHORT = {"uv run pytest": "--version", "neuplug compose ": "--help"}
"""What is put behind commands that take minutes. Other tests run those of neuplug."""

PLUGIN = re.compile(r"\bpip install (?:-e )?(?:\.|\S+\.whl)")
"""Installs a plugin, and with it neuplug where it is not there."""


def short(typed: Typed) -> list[str]:
    ends = ([end for command, end in SHORT.items() if command in line] for line in typed.lines)
    return [" ".join([line, *end]) for line, end in zip(typed.lines, ends, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("typed", RUNS, ids=str)
def test_what_uv_runs(typed: Typed, install: Installer, tmp_path: Path) -> None:
    if sys.prefix == sys.base_prefix:
        pytest.skip("uv runs commands in an environment, and these tests are in none")
    settings = {
        "PATH": path(install.pip),
        "PIP_NO_INDEX": "1",
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
        "UV_NO_SYNC": "1",
        "UV_OFFLINE": "1",
    }
    if any("pip install uv" in line for line in typed.lines):
        settings["PYTHONPATH"] = str(install.fetched("uv"))
    type_in(short(typed), copy(typed.folder, tmp_path / "here"), **settings)


@pytest.mark.slow
@pytest.mark.parametrize("typed", INSTALLS, ids=str)
def test_what_installs_and_builds(typed: Typed, install: Installer, tmp_path: Path) -> None:
    here = copy(typed.folder, tmp_path / "here")
    words = " ".join(typed.lines).split()
    if ("-o", "wheels") not in itertools.pairwise(words):
        (here / "wheels").symlink_to(install.wheels)
    for word in words:
        if word.endswith(".whl") and "/" not in word:
            (here / word).symlink_to(install.wheels / word)

    made = Environment.make(tmp_path / "made", "--without-pip")
    seen_by_pip = tmp_path / "seen-by-pip"
    seen_by_pip.write_text("\n".join(p.name for p in install.third_party("neuplug[heif,standard]")))
    settings = {
        **install.without_network("neuplug[heif,standard]"),
        "PATH": path(made, install.pip),
        "PIP_PYTHON": str(made.folder),
        "UV_PYTHON": sys.executable,
        "UV_EXCLUDE": str(seen_by_pip),  # and not by uv, which would fetch it
        "UV_OFFLINE": "1",
    }
    # what is not published yet is among the wheels
    if any(PLUGIN.search(line) or '"neuplug[heif]' in line for line in typed.lines):
        settings["PIP_FIND_LINKS"] = str(install.wheels)
    type_in(short(typed), here, **settings)
    if (made.path("scripts") / "neuplug").exists():
        made = Environment(made.folder, settings)
        assert made.answer("neuplug", "plugins", "--json", where=tmp_path)["problems"] == []


def test_every_change_is_checked_by_the_test_command_of_the_readme() -> None:
    (typed,) = [typed for typed in ALL if "uv run pytest" in typed.lines[0]]
    assert set(typed.lines) <= set((ROOT / ".ci" / "run").read_text("utf-8").splitlines())


def test_nothing_typed_is_passed_over() -> None:
    languages = {"python", "text", "toml", "yaml", *SHELL}
    for text in TEXTS:
        content = text.read_text("utf-8")
        for language, *_ in BLOCK.findall(content):
            assert language in languages or language.startswith("{"), f"{text}: {language}"
        outside = re.findall(rf"^(?: {{4,}}|\t|\$ ){TOOLS}\s.*", BLOCK.sub("", content), re.M)
        assert not outside, f"{text}: put it between fences"
    found = {line for typed in ALL for line in typed.lines}
    assert {'pip install --find-links wheels "neuplug[standard]"', "pip install -e ."} <= found
    assert NOT_RUN.keys() <= {line for typed in all_typed() if typed.reason for line in typed.lines}
