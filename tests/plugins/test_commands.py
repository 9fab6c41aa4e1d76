"""Commands of a third party's distribution: listed, run, and their faults named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuplug.cli import build, commands, main
from neuplug.plugins.distributions import OWN_COMMANDS, offered_commands
from neuplug.plugins.registry import discover

MODULE = '''
import typer

app = typer.Typer()

def greet(name: str = "you") -> None:
    """Say hello to somebody. And more that no listing needs."""
    print(f"hello {name}")

def measure(path: str) -> None:
    """Measure a folder."""
    print(f"measured {path}")

@app.command()
def one() -> None:
    """First."""
    print("one")

@app.command()
def two() -> None:
    """Second."""
'''
ENTRIES = """
greet = acme_words.more:greet
plugins measure = acme_words.more:measure
words = acme_words.more:app
torn = acme_words.torn:nothing
gone = acme_words.more:gone
LOUD = acme_words.more:greet
"""


def install(folder: Path, name: str, entries: str, requires: str = "neuplug") -> None:
    package = name.replace("-", "_")
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {requires}\n"
    (info / "METADATA").write_text(about)
    (info / "entry_points.txt").write_text(f"[neuplug.commands]\n{entries}")
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text("raise SystemExit('imported for nothing')\n")
    (folder / package / "more.py").write_text(MODULE)
    (folder / package / "torn.py").write_text("raise ImportError('a part is missing')\n")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The distribution; its package may be imported."""
    install(tmp_path, "acme-words", ENTRIES)
    (tmp_path / "acme_words" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [n for n in sys.modules if n.partition(".")[0] == "acme_words"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def test_they_run_like_the_others(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["greet", "--name", "Ada"]) == 0
    assert main(["plugins", "measure", "PHOTOS"]) == 0
    assert main(["words", "one"]) == 0
    assert capsys.readouterr().out == "hello Ada\nmeasured PHOTOS\none\n"


def test_the_help_lists_them_and_imports_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "acme-words", ENTRIES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    for words, line in (
        (["--help"], "greet Say hello to somebody."),
        (["--help"], "words From acme-words."),
        (["plugins", "--help"], "measure Measure a folder."),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "neuplug", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert line in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("torn", "'torn' of acme-words 1.0 cannot be loaded .*ImportError: a part is missing"),
        ("gone", "'gone' of acme-words 1.0 cannot be loaded from acme_words.more:gone"),
        ("LOUD", "(?i)no such command"),
    ],
)
def test_a_fault_is_named_and_the_rest_works(
    command: str, sentence: str, words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) in (1, 2)
    said = " ".join(capsys.readouterr().err.split())
    assert re.search(sentence, said), said
    assert main(["greet"]) == 0


def test_a_name_that_cannot_be_typed_is_a_problem(words: Path) -> None:
    messages = [p.message for p in discover().problems if p.distribution == "acme-words"]
    assert messages == ["command 'LOUD': use one or two words of lower-case letters"]


def test_of_two_with_one_name_neither_runs(
    words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path / "second", "acme-other", "greet = acme_words.more:greet\n")
    monkeypatch.syspath_prepend(str(tmp_path / "second"))
    assert main(["greet"]) == 2
    assert "'greet' is offered by acme-other and acme-words" in capsys.readouterr().err
    monkeypatch.setenv("NEUPLUG_BLOCK", "acme-other")
    assert main(["greet"]) == 0


def test_one_for_another_neuplug_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, "acme-late", "late = acme_late.more:greet\n", "neuplug>=99")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["late"]) == 1
    assert "acme-late 1.0 requires neuplug >=99" in capsys.readouterr().err
    assert any("requires neuplug >=99" in p.message for p in discover().problems)


def test_what_neuplug_has_itself_stays_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "acme-greedy", "compose = acme_greedy.more:greet\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    group = build()
    context = group.make_context("neuplug", [], resilient_parsing=True)
    assert group.list_commands(context).count("compose") == 1
    assert any("'compose' is neuplug's own" in p.message for p in discover().problems)


def test_the_list_of_its_own_is_whole() -> None:
    offered = offered_commands().items()
    plugged = tuple(f"{words} " for words, offers in offered if offers[0].distribution)
    found = {path.removeprefix("neuplug ") for path, _ in commands() if path != "neuplug"}
    assert {name for name in found if not f"{name} ".startswith(plugged)} == set(OWN_COMMANDS)
