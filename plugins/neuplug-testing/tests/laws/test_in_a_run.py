"""Faults that the laws tell of, met by someone who composes: a sentence that names the plugin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuplug.cli import main

from .conftest import MakePlugin

CRASH = """
from neuplug import Component, Generator, hookimpl

@hookimpl
def neuplug_generators():
    yield Component("crash", "acme_crash:Crash", "fails in fit")

class Crash(Generator):
    def fit(self, train, context):
        raise ZeroDivisionError("planted,\\nand told in two lines.")

    def sample(self, labels, seed):
        raise NotImplementedError

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass
"""
SMALL = ["--clf", "acme-net", "--classes", "crazing,patches", "--per-class", "4", "--imgsz", "28"]
SMALL += ["--steps", "2", "--repeats", "1", "--workers", "0", "--project", "runs"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where runs may be left."""
    monkeypatch.chdir(tmp_path)


def compose(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    """The exit code, and the lines on the standard error."""
    capsys.readouterr()
    code = main(["compose", *words, *SMALL])
    return code, capsys.readouterr().err.splitlines()


def test_a_crash_in_fit(install: MakePlugin, capsys: pytest.CaptureFixture[str]) -> None:
    install("acme-crash", CRASH)
    code, lines = compose(capsys, "--aug", "crash@add=2")
    assert code == 1
    line = CRASH[: CRASH.index("raise ")].count("\n") + 1
    assert re.fullmatch(
        r"neuplug: error: crash of acme-crash 1\.0 failed: ZeroDivisionError: planted, and told in "
        rf"two lines \(\w+\.py, line {line}\)\. Leave it out, or check it with 'neuplug plugins "
        r"check acme-crash'\.",
        lines[-1],
    )
    assert not any("Traceback" in line for line in lines)


def test_a_name_of_two_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    twice = "name-is-its-own"
    code, lines = compose(capsys, "--aug", twice)
    assert code == 2
    assert lines[-1] == (
        f"neuplug: error: {twice} is offered more than once: acme-faults:{twice} (augmenter), "
        f"acme-rival:{twice} (augmenter). Say which one you mean, for example "
        f"acme-faults:{twice}."
    )
    assert compose(capsys, "--aug", f"acme-rival:{twice}")[0] == 0


def test_a_module_that_fails_on_import_keeps_nobody_from_composing(
    install: MakePlugin, capsys: pytest.CaptureFixture[str]
) -> None:
    install("acme-early", "import torch\nraise RuntimeError('planted')")
    code, lines = compose(capsys, "--aug", "acme-noise")
    assert code == 0
    assert any("acme-early has a problem: see 'neuplug plugins'." in line for line in lines)
    assert main(["plugins"]) == 0
    assert "RuntimeError: planted" in capsys.readouterr().out
