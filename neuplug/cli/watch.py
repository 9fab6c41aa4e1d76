"""``neuplug watch`` and ``neuplug stop``: follow or stop a run from another process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

RunFolder = Annotated[Path, typer.Argument(help="The run folder, such as runs/compose/NAME.")]


def watch(
    run: RunFolder,
    json_: Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")] = False,
) -> None:
    """Show the progress of a run until it ends.

    The run may be on another host if its folder is shared.
    """
    from neuplug.cli.display import showing
    from neuplug.experiment import events
    from neuplug.experiment.claim import read_status, running
    from neuplug.experiment.events import RunEnded

    _refuse_unknown(run)
    ended = False

    def over() -> bool:
        return ended or not running(run)

    with showing() as show:
        for event in events.follow(run, over):
            ended = isinstance(event, RunEnded)
            print(event.model_dump_json(), flush=True) if json_ else show(event)
    status = read_status(run)
    if status is not None and not json_:
        state: str = status.state
        if state == "running":
            state = f"no longer running: process {status.process} on {status.host} has ended"
        typer.echo(f"{run}: {state}")


def stop(run: RunFolder) -> None:
    """Stop a run.

    The same compose command resumes it.
    """
    from neuplug.experiment.claim import ask_to_stop, running
    from neuplug.experiment.events import POLL_SECONDS

    _refuse_unknown(run)
    worker = running(run)
    if not worker:
        typer.echo(f"{run}: nothing to stop: no process is working on it")
        return
    ask_to_stop(run)
    while running(run):
        time.sleep(POLL_SECONDS)
    typer.echo(f"{run}: {worker} has stopped; run the same command again to resume")


def _refuse_unknown(run: Path) -> None:
    from neuplug.errors import InputError
    from neuplug.experiment.claim import CLAIM, STATUS

    if not (run / STATUS).exists() and not (run / CLAIM).exists():
        raise InputError(f"{run} is not a neuplug run folder: name one, such as runs/compose/NAME.")
