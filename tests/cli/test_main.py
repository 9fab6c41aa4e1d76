"""What the command line does with mistakes, interruptions and closed pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

import neuplug
from neuplug.cli import INTERRUPTED, commands, main
from neuplug.plugins.distributions import OWN_COMMANDS

RUN = [sys.executable, "-c", "import sys; from neuplug.cli import main; sys.exit(main())"]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"neuplug {neuplug.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["plugins", "-h"], ["compose", "-h"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert "Usage: neuplug" in captured.out
    assert "--install-completion" not in captured.out
    assert captured.err == ""


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    captured = capsys.readouterr()
    assert all(command in captured.out for command in ("compose", "plugins", "watch"))
    assert captured.err == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["plugin"],
            "no such command 'plugin'. Did you mean 'plugins'? See 'neuplug --help'.",
        ),
        (["wach"], "no such command 'wach'. Did you mean 'watch'? See 'neuplug --help'."),
        (["butterfly"], "no such command 'butterfly'. See 'neuplug --help'."),
        (
            ["plugins", "--jsn"],
            "no such option: --jsn. Did you mean --json? See 'neuplug plugins --help'.",
        ),
        (["--butterfly"], "no such option: --butterfly. See 'neuplug --help'."),
        (
            ["watch", "RUN", "--jsn"],
            "no such option: --jsn. Did you mean --json? See 'neuplug watch --help'.",
        ),
        (["stop"], "missing argument 'run'. See 'neuplug stop --help'."),
        (["compose", "--clf"], "option '--clf' requires an argument."),
    ],
)
def test_a_usage_error_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.lower().startswith(f"neuplug: error: {sentence}".lower())
    assert captured.err.count("\n") == 1


def test_a_neuplug_error_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "flop"]) == neuplug.InputError.exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("neuplug: error: flop is not a neuplug run folder")
    assert captured.err.count("\n") == 1


def test_a_fault_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("neuplug.plugins.registry.discover", fail)
    with pytest.raises(ZeroDivisionError):
        main(["plugins"])


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("neuplug.plugins.registry.discover", interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        assert main(["plugins"]) == INTERRUPTED == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped; run the same command again to resume" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_leaves_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [*RUN, "plugins"], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals there")
@pytest.mark.parametrize(("extra", "red"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_an_error_is_red_on_a_terminal_only(extra: dict[str, str], red: bool) -> None:
    import pty

    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    leader, terminal = pty.openpty()
    subprocess.run([*RUN, "plugin"], stderr=terminal, env={**environment, **extra}, check=False)
    os.close(terminal)
    on_terminal = os.read(leader, 10_000)
    os.close(leader)
    piped = subprocess.run([*RUN, "plugin"], capture_output=True, check=False).stderr
    assert (b"\x1b[31mneuplug: error: " in on_terminal) is red
    assert piped.startswith(b"neuplug: error: ")


def test_every_option_says_what_it_means() -> None:
    found = {
        f"{path} {parameter.name}": getattr(parameter, "help", None)
        for path, command in commands()
        for parameter in command.params
    }
    assert len(found) > 40 and [name for name, text in found.items() if not text] == []


@pytest.mark.parametrize("words", OWN_COMMANDS)
def test_the_help_says_of_a_command_what_the_command_says(words: str) -> None:
    *path, name = words.split()
    group = dict(commands())[" ".join(["neuplug", *path])]
    listed = group.get_command(None, name).help
    loaded = dict(commands())[f"neuplug {words}"]
    assert loaded.help.split("\n\n")[0].replace("\n", " ") == listed
