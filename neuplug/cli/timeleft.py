"""How long a run will still take, judged by what its tasks have taken so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from neuplug.experiment import events

# About how long tasks take beside each other, until something better is known
WEIGHTS = {"fit": 30.0, "train": 20.0, "evaluate": 5.0, "sample": 0.3, "augment": 0.3}

# Nothing can be said before one of each of these has run for a while
LONG = ("fit", "train")

# From this part on a task says how long it takes
ENOUGH = 0.04


@dataclass
class TimeLeft:
    """Learns from events how long tasks take.

    Tasks of one kind and component go by the seconds that those before them took; those of which
    none has run yet go by earlier runs on this machine, or by the run's other tasks.

    Attributes:
        tasks: By key.
        fractions: Of the tasks that have begun, in earlier rounds too, how far each is.
        spent: Seconds that they have taken up to then.
        most: Tasks that have run at the same time.
    """

    tasks: dict[str, events.TaskInfo] = field(default_factory=dict)
    round: list[str] = field(default_factory=list)
    fractions: dict[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    most: int = 1
    _began: dict[str, float] = field(default_factory=dict)
    _first: dict[str, tuple[float, float]] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)

    def begin(self, tasks: Iterable[events.TaskInfo]) -> None:
        """Begin a round of tasks."""
        found = {task.key: task for task in tasks}
        self.tasks |= found
        self.round = list(found)
        for key in found:
            self.forget(key)

    def take(self, key: str, fraction: float, now: float) -> None:
        """Note how far a task is at a time in seconds."""
        self.fractions[key] = fraction
        self.spent[key] = now - self._began.setdefault(key, now)
        if 0 < fraction < 1:  # a process that is starting says nothing of the pace
            then, part = self._first.setdefault(key, (now, fraction))
            if fraction > part:
                self.spent[key] = (now - then) * fraction / (fraction - part)
        if fraction < 1:
            self._running.add(key)
            self.most = max(self.most, len(self._running))
        else:
            self._running.discard(key)

    def forget(self, key: str) -> None:
        """Note that a task is to be done anew, or not at all."""
        for known in (self.fractions, self.spent, self._began, self._first):
            known.pop(key, None)
        self._running.discard(key)

    @property
    def done(self) -> float:
        """Part of the round's work that is done, 0 to 1."""
        seconds = self._seconds()
        whole = sum(seconds[key] for key in self.round)
        return sum(seconds[k] * self.fractions.get(k, 0) for k in self.round) / (whole or 1)

    @property
    def left(self) -> float | None:
        """Seconds that the round will still take; ``None`` while too little is known."""
        rates = self._rates()
        for task in map(self.tasks.__getitem__, self.round):
            if task.kind in LONG and task.seconds is None and (task.kind,) not in rates:
                return None
        seconds, whole = self._seconds(), 0.0
        ends: dict[str, float] = {}  # a task comes after those that it needs
        for key in self.round:
            still = seconds[key] * (1 - self.fractions.get(key, 0))
            ends[key] = still + max((ends.get(n, 0.0) for n in self.tasks[key].needs), default=0.0)
            whole += still
        return max([whole / self.most, *ends.values()], default=0.0)

    def _rates(self) -> dict[tuple[str, ...], float]:
        """Seconds a unit of weight takes: of a kind and component, of a kind, of all."""
        seconds: dict[tuple[str, ...], float] = {}
        weights: dict[tuple[str, ...], float] = {}
        for key, fraction in self.fractions.items():
            task = self.tasks[key]
            if fraction >= ENOUGH:
                for group in ((), (task.kind,), (task.kind, task.component)):
                    seconds[group] = seconds.get(group, 0) + self.spent[key]
                    weights[group] = weights.get(group, 0) + fraction * _weight(task)
        return {group: seconds[group] / weights[group] for group in seconds}

    def _seconds(self) -> dict[str, float]:
        """How long each task of the round takes in all."""
        rates = self._rates()
        found = {}
        for key in self.round:
            task = self.tasks[key]
            own = rates.get((task.kind, task.component))
            if own is None and task.seconds is not None:
                found[key] = task.seconds
            else:
                rate = own or rates.get((task.kind,)) or rates.get(()) or 1.0
                found[key] = rate * _weight(task)
        return found


def _weight(task: events.TaskInfo) -> float:
    return WEIGHTS.get(task.kind, 1.0) * task.share
