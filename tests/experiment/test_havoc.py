"""A plugin that does all that a plugin must not: it is named each time, and the rest goes on."""

from __future__ import annotations

import gc
import json
import locale
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from neuplug_tests.terminals import Terminals
from PIL import Image

import neuplug
from neuplug import InputError, PluginError
from neuplug.cli import main
from neuplug.plugins import isolation
from neuplug.plugins.registry import ComponentSpec

HAVOC = Path(__file__).parent / "havoc"
LINE = r"\(parts\.py, line \d+\)"

Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def havoc(lab: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HAVOC))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HAVOC), os.environ["PYTHONPATH"]]))
    for name in [name for name in sys.modules if name.startswith("neuplug_havoc")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def words(tmp_path: Path, bars: neuplug.ImageSet) -> tuple[str, ...]:
    """Of a small run on a few photographs, below the test's folder."""
    for number in (0, 1, 2, 3, 20, 21, 22, 23):
        folder = tmp_path / "PHOTOS" / bars.classes[int(bars.labels[number])]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(bars.images[number][0].numpy()).save(folder / f"{number}.png")
    return (
        "compose", "--data", "PHOTOS", "--clf", "linear", "--repeats", "1", "--steps", "2",
        "--imgsz", "28", "--per-class", "2", "--no-report", "--name", "run", "--project", ".",
    )  # fmt: skip


def state() -> list[Any]:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    errors = [each for each in warnings.filters if each[:3] == ("error", None, Warning)]
    return [
        *(os.getcwd(), errors, sys.stdout, sys.stderr, *handlers, os._exit),  # noqa: PTH109
        *(locale.setlocale(locale.LC_ALL), socket.getdefaulttimeout(), gc.isenabled()),
        *(sys.getrecursionlimit(), numpy.geterr(), torch.is_grad_enabled()),
    ]


# What it prints


def test_what_it_prints_when_it_is_imported_stays_out_of_json(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "neuplug", "plugins", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = {found["name"] for found in json.loads(done.stdout)["components"]}
    assert {"sound", "mirror"} <= names
    for how in ("by Python", "past Python", "as bytes"):
        assert f"neuplug-havoc 1.0 printed: imported {how}\n" in done.stderr
    assert "neuplug-havoc 1.0 printed: \\x1b[2J\\rneuplug: error: forged\n" in done.stderr
    assert not set("\x1b\r") & set(done.stderr)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_what_it_prints_at_work_stays_out_of_json(
    tmp_path: Path,
    words: tuple[str, ...],
    workers: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--aug", "shouts", "--json", "--workers", workers]) == 0
    printed = capfd.readouterr()
    assert {cell["arm"] for cell in json.loads(printed.out)["cells"]} == {"none", "shouts"}
    log = (tmp_path / "run" / "log.txt").read_text()
    for how in ("by Python", "past Python", "by a library", "by a process"):
        assert f"shouts of neuplug-havoc 1.0 printed: shouted {how}" in log
    assert "shouts of neuplug-havoc 1.0 printed: \\x1b[2Jshouted\\rin red\n" in log
    assert "\x1b" not in log + printed.err


def test_the_users_own_output_stays_where_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    with isolation.isolated("acme 1.0"):
        print("theirs")
        with isolation.isolated("acme-other 1.0"):
            sys.stdout.write("half a line")
    print("mine")
    os.write(1, b"mine too\n")
    printed = capfd.readouterr()
    assert printed.out.split("\n")[-3:] == ["mine", "mine too", ""]
    assert printed.err == "acme 1.0 printed: theirs\nacme-other 1.0 printed: half a line\n"


def test_a_function_of_the_users_prints_as_ever(
    ask: Ask, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also while a component is at work and tells its progress, in this process."""
    ask(aug=["mirror"], workers=0, on_event=lambda event: print("heard", event.event))
    heard = set(capfd.readouterr().out.split("\n"))
    assert {"heard started", "heard progress", "heard done"} <= heard


# What it raises


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("panics", f"Panic: index out of bounds {LINE}"),
        ("unspeakable", rf"Unsayable, whose message cannot be shown: Panic {LINE}"),
        ("endless", rf"RecursionError: maximum recursion depth exceeded[\w ]* {LINE}"),
        ("leaves", rf"SystemExit: os\._exit\(0\) {LINE}"),
        ("garish", rf"ValueError: \\x1b\[31mred \\u202ex{{40,60}}… \(482 characters\) … {LINE}"),
    ],
)
def test_what_it_raises_in_the_classifiers_loop_is_its_own(ask: Ask, name: str, said: str) -> None:
    before = state()
    with pytest.raises(PluginError) as raised:
        ask(aug=[name, "mirror", "sound"], repeats=1)
    found = re.fullmatch(
        rf"{name} of neuplug-havoc 1\.0 failed: {said}\. Leave it out, or check it with 'neuplug "
        r"plugins check neuplug-havoc'\.",
        str(raised.value),
    )
    assert found, str(raised.value)
    assert state() == before
    # the other arms' trainings are done, and nothing is computed again
    done: list[str] = []
    ask(aug=["mirror", "sound"], repeats=1, name="rest", on_event=lambda e: done.append(e.event))
    assert "started" not in done


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"aug": ["undrawn@add=2"], "eval": ["asks"]},
            r"undrawn of neuplug-havoc 1\.0 .*: no temperature",
        ),
        (
            {"aug": ["echo@add=2"], "clf": ["shy"], "eval": ["embeds"]},
            r"shy of neuplug-havoc 1\.0 .*: no features",
        ),
    ],
)
def test_of_two_components_the_one_that_raised_is_named(
    ask: Ask, settings: dict[str, Any], said: str
) -> None:
    result = ask(repeats=1, **settings)
    (failed,) = {found.error for found in result.results.evaluations if found.error}
    assert re.match(rf"{said} {LINE}", failed), failed


def test_an_evaluator_that_fails_ends_the_command_with_its_code(
    tmp_path: Path,
    words: tuple[str, ...],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [*words, "--aug", "undrawn@add=2", "--eval", "asks", "--workers", "0", "--json"]
    for _ in range(2):  # the second time the evaluator alone is tried again
        assert main(asked) == 1
        printed = capfd.readouterr()
        found = json.loads(printed.out)
        assert len(found["cells"]) == 2 and "no temperature" in found["evaluations"][0]["error"]
        said = [line for line in printed.err.splitlines() if line.startswith("neuplug: error: ")]
        assert len(said) == 1 and "no temperature" in said[0]
        assert "the same command tries again what failed" in printed.err
    assert (tmp_path / "run" / "results.json").is_file()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("breaks", rf"breaks of neuplug-havoc 1\.0 failed: ConnectionError: the cluster .* {LINE}"),
        ("babbles", r"babbles of neuplug-havoc 1\.0 failed: AttributeError: 'str' object"),
        ("slams", rf"slams of neuplug-havoc 1\.0 failed: ConnectionError: the door .* {LINE}"),
        ("idle", r"died 3 times \(the executor ended without a word of it\)"),
    ],
)
def test_an_executor_that_fails_is_named(ask: Ask, name: str, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        ask(aug=["mirror"], repeats=1, executor=name)


def test_reports_and_sections_of_the_wrong_type_are_named(ask: Ask) -> None:
    said: list[str] = []
    result = ask(
        aug=["mirror"], repeats=1, report=True, reporter=["counts", "mute"],
        on_event=lambda event: said.append(getattr(event, "text", "")),
    )  # fmt: skip
    assert any(
        "no report of counts: counts of neuplug-havoc 1.0 failed: TypeError" in text
        for text in said
    )
    assert set(json.loads((result.folder / "reports.json").read_text())) == {"mute"}
    summary = " ".join(str(result).split())
    assert "nothing of neuplug-havoc 1.0 failed: TypeError: sections returned str" in summary


def test_a_layout_of_the_wrong_type_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError):
        neuplug.load_dataset(tmp_path)
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "lists of neuplug-havoc 1.0 failed: TypeError: scan returned list" in said


def test_single_steps_of_the_library_name_it_too(bars: neuplug.TrainingSet) -> None:
    train = neuplug.training_set(bars.images, bars.labels)
    fitted = neuplug.fit_generator("undrawn", train, device="cpu")
    assert fitted.name == "undrawn"
    with pytest.raises(PluginError, match=r"undrawn of neuplug-havoc 1\.0 failed: ZeroDivision"):
        neuplug.evaluate(
            "asks", train=train, test=neuplug.held_out(bars), generated=train, generator=fitted
        )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plain", r"parts:Plain has an options_class that is not derived from neuplug\.Options\."),
        ("explodes", r"parts_torn:Nothing: Panic: cannot start \(parts_torn\.py, line \d+\)\."),
    ],
)
def test_what_cannot_be_loaded_is_told(name: str, said: str) -> None:
    with pytest.raises(PluginError, match=rf"^{name} of neuplug-havoc 1\.0.*{said}"):
        neuplug.load(name)
    assert neuplug.load("sound")


# What it sets, and how it ends its process


def test_what_it_sets_is_put_back(ask: Ask) -> None:
    before = state()
    shouted = ask(aug=["shouts@add=2"], repeats=1)
    assert state() == before
    assert torch.get_default_dtype() is torch.float32
    assert not torch.are_deterministic_algorithms_enabled()
    plain = ask(aug=["sound@add=2"], repeats=1, name="plain")
    assert shouted.mean("shouts@add=2", "linear") == plain.mean("sound@add=2", "linear")


@pytest.mark.parametrize("workers", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_a_process_that_it_ends_is_told_of(
    terminal: Terminals, tmp_path: Path, words: tuple[str, ...], workers: str
) -> None:
    process = terminal(*words, "--aug", "aborts", "--workers", workers)
    text, _ = process.communicate()
    assert process.returncode != 0
    (said,) = [line for line in text.splitlines() if line.startswith("neuplug: error: ")]
    assert "linear of neuplug-lab 1.0, aborts of neuplug-havoc 1.0" in said
    assert "'neuplug plugins check neuplug-havoc'" in said
    where = text if workers == "0" else (tmp_path / "run" / "log.txt").read_text()
    assert re.search(r"parts\.py\", line \d+ in augment", where)


def test_ctrl_c_is_the_users() -> None:
    with pytest.raises(KeyboardInterrupt), isolation.isolated("acme 1.0"):
        raise KeyboardInterrupt


def test_a_slow_or_interrupted_import_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(isolation, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(KeyboardInterrupt), isolation.importing("acme-slow 1.0"):
        while "takes more" not in (said := capsys.readouterr().err):
            threading.Event().wait(0.01)
        raise KeyboardInterrupt
    assert said == "importing acme-slow 1.0 takes more than 0.05 s\n"
    assert "stopped while acme-slow 1.0 was being imported" in capsys.readouterr().err


# Names


def test_a_name_of_another_plugin_is_not_taken_for_a_pinned_one() -> None:
    registry = neuplug.discover()
    with pytest.raises(InputError, match=r"neuplug-sound has none.*write neuplug-havoc:sound\."):
        registry.resolve("neuplug-sound:sound", ("augmenter", "generator"))


def test_reports_of_two_plugins_with_one_name_are_both_kept(ask: Ask) -> None:
    from neuplug.experiment.reporters import FinishedRun, write_reports

    result = ask(aug=["mirror"], repeats=1)
    (spec,) = [s for s in neuplug.discover().of_kind("reporter") if s.name == "markdown"]
    twin = ComponentSpec(spec.component, "reporter", "acme-twin", "1.0")
    assert list(write_reports([spec, twin], {}, FinishedRun.read(result.folder))) == []
    noted = json.loads((result.folder / "reports.json").read_text())
    assert set(noted) == {"neuplug-lab:markdown", "acme-twin:markdown"}


# Whose process it is

OTHER_THREADS = """
import os, threading, time
from neuplug.plugins.isolation import called_back, isolated

def long_work():
    with isolated("acme 1.0"), called_back():
        time.sleep(0.2)

both = [threading.Thread(target=long_work) for _ in range(2)]
[thread.start() for thread in both]
[thread.join() for thread in both]
print("as ever")
with isolated("acme 1.0"):
    threading.Thread(target=os._exit, args=[7]).start()
    time.sleep(30)
"""


def test_other_threads_print_and_end_the_process_as_ever() -> None:
    """Such as a worker's, which ends when the process that has started it does."""
    done = subprocess.run(
        [sys.executable, "-c", OTHER_THREADS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (7, "as ever\n"), done.stderr
