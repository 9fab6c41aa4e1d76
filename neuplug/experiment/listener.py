"""What a run tells those who watch it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuplug.experiment.plan import Job


class Listener:
    """Hears what goes on; this one keeps silent."""

    def say(self, sentence: str) -> None:
        """Something that the user should know."""

    def planned(self, jobs: list[Job]) -> None:
        """These jobs are to be done."""

    def progress(self, job: Job, fraction: float, note: str) -> None:
        """A job is through to this part, 0 to 1."""

    def finished(self, job: Job) -> None:
        """A job is done."""

    def failed(self, job: Job, error: Exception) -> None:
        """A job failed."""


class Logged(Listener):
    """Writes what it hears to a file, with the time, and passes it on.

    Args:
        listener: Whom to pass it on to.
        path: The file; lines are added at its end.
    """

    def __init__(self, listener: Listener, path: Path) -> None:
        self.listener, self.path = listener, path

    def _write(self, sentence: str) -> None:
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{now} {sentence}\n")

    def say(self, sentence: str) -> None:
        """Log and pass on."""
        self._write(sentence)
        self.listener.say(sentence)

    def planned(self, jobs: list[Job]) -> None:
        """Log and pass on."""
        self._write(f"{len(jobs)} jobs to do")
        self.listener.planned(jobs)

    def progress(self, job: Job, fraction: float, note: str) -> None:
        """Pass on."""
        self.listener.progress(job, fraction, note)

    def finished(self, job: Job) -> None:
        """Log and pass on."""
        self._write(f"done: {job.kind} {job.title} ({job.key})")
        self.listener.finished(job)

    def failed(self, job: Job, error: Exception) -> None:
        """Log and pass on."""
        self._write(f"failed: {job.kind} {job.title} ({job.key}): {error}")
        self.listener.failed(job, error)
