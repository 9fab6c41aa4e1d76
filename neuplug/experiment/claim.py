"""The claim on a run's folder: one runner writes there; others watch it, join it, or stop it.

``status.json`` says how the run does: ``running``, ``finished``, ``failed`` or ``stopped``, and
which process works on it; of a finished run it has the hash of every file, so that an answer is
believed only as long as it is whole. Loads no torch.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError

from neuplug.errors import InputError, NeuplugError
from neuplug.experiment import events
from neuplug.records import Record
from neuplug.storage.files import Claim, file_hash, is_unfinished, remove, storing, write_text
from neuplug.storage.store import DAMAGED, set_aside

STATUS, STOP, CLAIM, PLAN = "status.json", "stop.request", ".claim", "plan.json"
# What changes without the answer changing
_LIVING = (events.FILE, STATUS, STOP, CLAIM, events.LOG, DAMAGED)

# Names the images that --save-generated saves
GENERATED = "generated/manifest.csv"
_FILES = (events.FILE, STATUS, STOP, PLAN, events.LOG)
_FOLDERS = ("samples", "figures", "evaluations", "generated")

State = Literal["running"] | events.Ending


class RunStopped(NeuplugError):
    """Somebody asked for the run to stop. Exit code 130."""

    exit_code = 130


class Status(Record):
    """How a run is doing.

    Attributes:
        request: Key of the question that it answers.
        process: Number of the process at work, or that was last.
        host: Where it is.
        since: When it began, in seconds since 1970.
        files: Of a finished run: name to SHA-256.
    """

    format: Literal[1] = 1
    state: State
    request: str
    process: int
    host: str
    since: float
    files: dict[str, str] = Field({})

    def write(self, folder: Path) -> None:
        """Leave it in the run's folder."""
        write_text(folder / STATUS, self.model_dump_json(indent=1) + "\n")


def read_status(folder: Path) -> Status | None:
    """The status of a run; ``None`` if there is none that can be read."""
    try:
        return Status.model_validate_json((folder / STATUS).read_bytes())
    except (OSError, ValidationError):
        return None


def running(folder: Path) -> str:
    """``process 12 on host``, of the living process that works on a run; empty if none does."""
    if not Claim.is_held(folder / CLAIM):
        return ""
    status = read_status(folder)
    return f"process {status.process} on {status.host}" if status else "another process"


def is_whole(folder: Path, request: str, *wanted: str) -> bool:
    """Whether a folder has the whole answer to a question, as it was written.

    Args:
        folder: Of the run.
        request: Key of the question.
        wanted: Files that it must have besides those that every run has.
    """
    status = read_status(folder)
    if status is None or status.state != "finished" or status.request != request:
        return False
    if not status.files.keys() >= {name for name in wanted if name}:
        return False
    try:
        return all(file_hash(folder / name) == digest for name, digest in status.files.items())
    except OSError:
        return False


@dataclass
class RunClaim:
    """A run's folder, for as long as this process works on it.

    Attributes:
        request: Key of the question.
        claim: Of the folder.
        is_new: Whether there was nothing in it before.
        made: Folders that were not there before, the run's first.
    """

    folder: Path
    request: str
    claim: Claim
    is_new: bool
    made: list[Path]
    since: float = field(default_factory=lambda: round(time.time(), 3))

    @classmethod
    def take(cls, folder: Path, request: str) -> Self | None:
        """Claim a run's folder.

        Returns:
            ``None`` while another process works on the same question.

        Raises:
            InputError: If one works on another question, or the folder is not a run's.
            StorageError: If it cannot be written.
        """
        is_new = not (folder / STATUS).exists()
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        _refuse_foreign(folder, request)
        claim = Claim.take(folder / CLAIM)
        if claim is None:
            worker, status = running(folder), read_status(folder)
            if not worker or status is None or status.request == request:
                return None
            raise InputError(
                f"{folder} is being written by {worker} for another run "
                "(other settings, data or versions): choose another --name."
            )
        try:
            _refuse_foreign(folder, request)  # which may have come between
            _clear(folder)
            taken = cls(folder, request, claim, is_new, made)
            taken._write("running")
            return taken
        except BaseException:
            claim.release()
            raise

    def check(self) -> None:
        """End the run if somebody has asked for that.

        Raises:
            RunStopped: If so.
        """
        if (self.folder / STOP).exists():
            raise RunStopped("stopped on request; run the same command again to resume.")

    def end(self, state: State) -> None:
        """Say how it ended, and let others have the folder."""
        with contextlib.suppress(NeuplugError):  # on a full disk nobody can be told
            self._write(state)
        (self.folder / STOP).unlink(missing_ok=True)
        self.claim.release()

    def discard(self) -> None:
        """Remove a new folder: a question that has no answer leaves nothing half-written."""
        for path in self.folder.iterdir():
            if path != self.claim.path:  # which is another's as soon as it is gone
                remove(path)
        self.claim.release()
        for folder in self.made:
            with contextlib.suppress(OSError):  # another run may be there by now
                folder.rmdir()

    def _write(self, state: State) -> None:
        status = Status(
            state=state,
            request=self.request,
            process=os.getpid(),
            host=socket.gethostname(),
            since=self.since,
            files=_hashes(self.folder) if state == "finished" else {},
        )
        status.write(self.folder)


def _clear(folder: Path) -> None:
    """Remove what the dead have left, and set aside what is in the place of a run's files."""
    for left in [path for path in folder.rglob(".*") if is_unfinished(path)]:
        remove(left)  # nobody else writes here
    for path in folder.iterdir():
        if (path.name in _FILES and not path.is_file()) or (
            path.name in _FOLDERS and path.is_file()
        ):
            set_aside(path)
    (folder / STOP).unlink(missing_ok=True)


def renew_hashes(folder: Path) -> None:
    """Note the files of a finished run as they are now, after one was made anew on purpose."""
    status = read_status(folder)
    if status is not None and status.state == "finished":
        status.model_copy(update={"files": _hashes(folder)}).write(folder)


def ask_to_stop(folder: Path) -> None:
    """Ask whoever works on a run to stop; within a second or two it does.

    Raises:
        StorageError: If the request cannot be left there.
    """
    with storing(folder):
        (folder / STOP).touch()


def _refuse_foreign(folder: Path, request: str) -> None:
    """Refuse a folder that is no run's, or has the answer to another question."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file: choose another --name.")
    names = {path.name for path in folder.iterdir() if not is_unfinished(path)}
    if names and not names & {STATUS, CLAIM, events.FILE, PLAN, DAMAGED}:
        raise InputError(f"{folder} is not a neuplug run folder: choose another --name.")
    status = read_status(folder)
    if status is not None and status.state == "finished" and status.request != request:
        raise InputError(
            f"{folder} holds another run (other settings, data or versions): choose another "
            "--name, or remove that folder."
        )


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in _LIVING
        if not is_unfinished(path)
    }
