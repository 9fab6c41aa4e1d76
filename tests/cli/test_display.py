"""What is printed is printed as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import neuplug
from neuplug.cli.printing import make_console, print_columns
from neuplug.cli.watch import showing
from neuplug.experiment.events import Planned, Said, TaskDone, TaskInfo, TaskProgress, TaskStarted

TARGET = "acme_oops.nowhere:x: no module of [b]that[/b] name"


def test_a_target_is_no_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    with showing() as show:
        show(Said(text=TARGET))
    assert capsys.readouterr().err.strip() == TARGET
    console = make_console()
    console.print(TARGET)
    print_columns(console, [("first", TARGET)])
    said, row = capsys.readouterr().out.splitlines()
    assert said.strip() == TARGET and row.split(maxsplit=1)[1].strip() == TARGET


def test_every_console_is_the_plain_one() -> None:
    core = Path(neuplug.__file__).parent
    others = core.parent.glob("plugins/*/neuplug_*")
    packages = [core, *(p for p in others if p.name != "neuplug_testing")]  # it shows no data
    made = [
        (file.name, found)
        for package in packages
        for file in package.rglob("*.py")
        for found in re.findall(r"\b(\w*)Console\(", file.read_text("utf-8"))
        if file.name != "console.py"
    ]
    assert len(made) > 4
    assert [(name, call) for name, call in made if call != "Plain"] == []


def test_a_new_round_counts_its_own_tasks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("neuplug.cli.watch.PLAIN_SECONDS", 0.0)
    with showing() as show:
        show(Said(text="reading"))  # nothing is planned yet, so that nothing is left
        for keys in ("abc", "d"):
            show(Planned(tasks=tuple(TaskInfo(key=k, kind="train", label=k) for k in keys)))
            for key in keys:
                show(TaskStarted(key=key))
                show(TaskDone(key=key))
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["reading", "3 tasks to do"]
    assert lines[-1].startswith("1/1 tasks, 100%")
    assert any(line.startswith("3/3 tasks, 100%") for line in lines)


def test_what_is_left_is_left_until_the_next_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("neuplug.cli.watch.PLAIN_SECONDS", 0.0)
    look = "the look at 5 of up to 12 repeats"
    tasks = tuple(TaskInfo(key=k, kind="sample", label=k) for k in "ab")
    with showing() as show:
        for until in (look, ""):
            show(Planned(tasks=tasks, until=until))
            show(TaskStarted(key="a"))
            show(TaskDone(key="a"))
    first, second = capsys.readouterr().err.split("2 tasks to do")[1:]
    assert first.startswith(f" until {look}") and f"left until {look}" in first
    assert "left" in second and look not in second


@pytest.mark.parametrize(("seconds", "told"), [(0.0, False), (60.0, True)])
def test_a_task_that_is_overdue_before_it_has_begun_says_nothing_of_the_time(
    seconds: float, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("neuplug.cli.watch.PLAIN_SECONDS", 0.0)
    with showing() as show:
        show(Planned(tasks=(TaskInfo(key="a", kind="train", label="a", seconds=seconds),)))
        show(TaskStarted(key="a"))
        assert ("left" in capsys.readouterr().err) == told
        show(TaskProgress(key="a", fraction=0.5, note=""))
        assert "left" in capsys.readouterr().err
