"""What ``neuplug plugins new`` says and what it refuses; nothing is written then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neuplug.cli import main

Captured = pytest.CaptureFixture[str]


def new(*words: str) -> int:
    return main(["plugins", "new", *words])


def test_it_names_the_next_three_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new("film-grain", "--kind", "augmenter", "--to", "my plugins") == 0
    assert (tmp_path / "my plugins" / "neuplug-film-grain" / "pyproject.toml").is_file()
    _, *commands = capsys.readouterr().out.splitlines()
    assert commands == [
        "  pip install -e 'my plugins/neuplug-film-grain'",
        "  neuplug plugins check neuplug-film-grain",
        "  neuplug compose --aug film-grain --clf smallcnn",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Film Grain", "--kind", "augmenter"), "component name 'Film Grain': use lower-case"),
        (("none", "--kind", "augmenter"), "component name 'none' is reserved"),
        (("neuplug-grain", "--kind", "augmenter"), "neuplug-grain: leave out 'neuplug-', which"),
        (("dcgan", "--kind", "generator"), "dcgan is the name of the generator of neuplug-dcgan"),
        (("smallcnn", "--kind", "evaluator"), "smallcnn is the name of the classifier of neuplug-"),
        (("gan", "--kind", "generator"), "neuplug-gan 0.1.0 is installed already"),
        (("grain", "--kind", "augmentor"), "--kind augmentor: no such kind. Did you mean augm"),
        (("grain", "--kind", "augmenter", "--to", "file"), "file is a file: name a folder"),
        (("grain",), "missing option '--kind'"),
    ],
)
def test_what_is_refused(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert new(*words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"neuplug: error: {sentence}")
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_existing_folder_stays_as_it_is(tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "neuplug-film-grain"
    folder.mkdir()
    (folder / "own.py").write_text("mine")
    assert new("film-grain", "--kind", "classifier", "--to", str(tmp_path)) == 2
    assert "neuplug-film-grain exists already: choose another name" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["neuplug-film-grain", "own.py"]


def test_it_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from neuplug.cli import main\n"
        "assert main(['plugins', 'new', 'film-grain', '--kind', 'generator']) == 0\n"
        "sys.exit(bool({'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "neuplug-film-grain").is_dir()


def test_a_fault_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    write = Path.write_text

    def full(path: Path, *content: object, **named: object) -> int:
        if path.name == "test_laws.py":
            raise OSError(28, "No space left on device", str(path))
        return write(path, *content, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    assert new("film-grain", "--kind", "augmenter", "--to", str(tmp_path)) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
