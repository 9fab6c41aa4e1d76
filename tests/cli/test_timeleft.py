"""The time left, against the time that was left."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import pytest

from neuplug.cli.timeleft import TimeLeft
from neuplug.cli.watch import duration
from neuplug.experiment.events import TaskInfo


def first_command(repeats: int = 5, classes: int = 6) -> list[TaskInfo]:
    """A pretrained generator for each class, and a classifier on two arms."""
    tasks = []

    def add(key: str, kind: str, component: str, share: float = 1.0, needs: tuple = ()) -> str:  # type: ignore[type-arg]
        tasks.append(
            TaskInfo(key=key, kind=kind, label=key, component=component, share=share, needs=needs)
        )
        return key

    for r in range(repeats):
        add(f"none {r}", "train", "network")
        start = add(f"start {r}", "fit", "gan", classes / 2)
        drawn = []
        for c in range(classes):
            fit = add(f"fit {r} {c}", "fit", "gan", 0.5, (start,))
            drawn.append(add(f"draw {r} {c}", "sample", "gan", needs=(fit,)))
        add(f"gan {r}", "train", "network", needs=tuple(drawn))
    return tasks


def simulated(
    tasks: list[TaskInfo], seconds: Mapping[str, float], workers: int, start: float
) -> list[tuple[float, float, float]]:
    """Let workers do them: at each moment what was said to be left, and what was."""
    work, now, said = TimeLeft(), 0.0, []
    work.begin(tasks)
    waiting, running, done = list(tasks), [], set[str]()
    while waiting or running:
        for task in [t for t in waiting if done.issuperset(t.needs)][: workers - len(running)]:
            waiting.remove(task)
            late = start if len(done) + len(running) < workers else 0.0  # a new process
            heapq.heappush(running, (now + late + seconds[task.key], task.key))
            work.take(task.key, 0.0, now)
        end = running[0][0]
        while now + 1.0 < end:
            now += 1.0
            for finish, key in running:
                work.take(key, max(0.0, 1 - (finish - now) / seconds[key]), now)
            said.append((now, work.left))
        now, key = heapq.heappop(running)
        work.take(key, 1.0, now)
        done.add(key)
    return [(moment, left, now - moment) for moment, left in said if left is not None]


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(
    ("network", "gan"), [(25.0, 14.0), (60.0, 14.0), (5.0, 60.0)], ids=["like", "cnn", "gan"]
)
@pytest.mark.parametrize("start", [0.0, 15.0])
def test_it_is_within_a_factor_of_two(
    network: float, gan: float, workers: int, start: float
) -> None:
    tasks = first_command()
    seconds = {
        t.key: {"train": network, "fit": gan * t.share, "sample": 0.2}[t.kind] for t in tasks
    }
    told = simulated(tasks, seconds, workers, start)
    assert told[0][0] < 0.1 * sum(told[0][::2])  # soon, measured by the whole
    wrong = [t for t in told if t[2] > 10 and not 0.5 <= t[1] / t[2] <= 2]
    assert not wrong, (len(wrong), len(told), wrong[:10])


def test_earlier_runs_tell_before_the_first_task() -> None:
    known = [
        TaskInfo(key=str(i), kind="train", label="", component="network", seconds=10.0)
        for i in range(4)
    ]
    work = TimeLeft()
    work.begin(known)
    assert work.left == pytest.approx(40.0)


def test_durations_are_read_at_a_glance() -> None:
    assert [duration(s) for s in (3.2, 119, 300, 8000)] == ["3 s", "119 s", "5 min", "2.2 h"]
