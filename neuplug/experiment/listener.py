"""What a run tells those who watch it."""

from __future__ import annotations

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

    def close(self) -> None:
        """Nothing more will come."""
