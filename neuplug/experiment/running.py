"""Doing a plan's jobs: in this process, or shared out to worker processes.

Workers are told jobs as lines of JSON and leave results in the store, so nothing is pickled, a
killed worker leaves nothing half-done, and the caller's script is never imported again.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import torch

from neuplug import errors
from neuplug.errors import InputError, NeuplugError, PluginError
from neuplug.experiment.jobs.doing import do_job
from neuplug.experiment.jobs.workbench import Workbench
from neuplug.experiment.listener import Listener
from neuplug.experiment.plan import Job

HEAVY = ("fit", "train")
MOST_WORKERS = 8
OPTIONAL = ("evaluate",)


class Failure(Exception):
    """A job's error, for those who want to go on with the other jobs."""

    def __init__(self, job: Job, error: NeuplugError) -> None:
        super().__init__(str(error))
        self.job, self.error = job, error


def do_jobs(
    jobs: Iterable[Job],
    bench: Workbench,
    listener: Listener,
    workers: int | None = None,
    log: Path | None = None,
) -> list[Failure]:
    """Do every job whose result is not in the store.

    Args:
        jobs: In an order in which each comes after what it needs.
        bench: Store, device and data.
        listener: Told what goes on.
        workers: Processes; 0 works in this one; ``None`` chooses: one for each core without a GPU.
        log: What workers and plugins print goes to the end of this file.

    Returns:
        Failures of evaluators, which stop nothing.

    Raises:
        InputError: As soon as a job finds the input at fault.
        PluginError: If a plugin failed, after all that does not depend on it is done.
        TrainingDiverged: Likewise.
        NeuplugError: Likewise, if filters let no image of a class pass that has no others.
    """
    pending = {job.key: job for job in jobs if not bench.store.has(job.key)}
    listener.planned(list(pending.values()))
    count = choose_workers(bench.device) if workers is None else workers
    with ExitStack() as stack:
        crew: _Crew | _Alone
        if count == 0 or not pending:
            crew = _Alone(bench, listener)
        else:
            heavy = sum(job.kind in HEAVY for job in pending.values())
            crew = stack.enter_context(_Crew(max(1, min(count, heavy)), bench, listener, log))
        failures = _schedule(pending, crew, listener)
    fatal = [f for f in failures if f.job.kind not in OPTIONAL]
    if fatal:
        raise fatal[0].error
    return failures


def choose_workers(device: torch.device) -> int:
    """How many processes share the work where nobody says: one for each core; 0 with a GPU."""
    if device.type != "cpu":
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST_WORKERS)


def _schedule(pending: dict[str, Job], crew: _Crew | _Alone, listener: Listener) -> list[Failure]:
    """Hand out jobs as soon as what they need is done; give up on those that never can be."""
    waiting = dict(pending)
    missing = {key: {n for n in job.needs if n in pending} for key, job in pending.items()}
    failures: list[Failure] = []
    while waiting or crew.busy:
        for key in [k for k in waiting if not missing[k]]:
            if not crew.free:
                break
            crew.give(waiting.pop(key))
        if not crew.busy:
            break  # what still waits needs something that failed
        job, error = crew.wait()
        if error is None:
            listener.finished(job)
            for needs in missing.values():
                needs.discard(job.key)
        elif isinstance(error, InputError):
            raise error
        else:
            failures.append(Failure(job, error))
            listener.failed(job, error)
    return failures


class _Alone:
    """Does jobs one by one in this process."""

    def __init__(self, bench: Workbench, listener: Listener) -> None:
        self.bench, self.listener = bench, listener
        self.job: Job | None = None

    @property
    def free(self) -> bool:
        return self.job is None

    @property
    def busy(self) -> bool:
        return self.job is not None

    def give(self, job: Job) -> None:
        self.job = job

    def wait(self) -> tuple[Job, NeuplugError | None]:
        job, self.job = self.job, None
        assert job is not None
        try:
            # standard output is for results
            with redirect_stdout(sys.stderr):
                do_job(self.bench, job, _reporter(self.listener, job))
        except NeuplugError as error:
            return job, error
        return job, None


def _reporter(listener: Listener, job: Job) -> Any:
    def report(done: int, total: int, note: str = "") -> None:
        listener.progress(job, done / max(1, total), note)

    return report


class _Crew:
    """Worker processes that do jobs side by side."""

    def __init__(self, count: int, bench: Workbench, listener: Listener, log: Path | None) -> None:
        self.listener = listener
        self.events: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
        self.stack = ExitStack()
        sink: IO[Any] | int = subprocess.DEVNULL
        if log is not None:
            sink = self.stack.enter_context(log.open("ab"))
        self.workers = [_Worker(bench, sink, self.events) for _ in range(count)]

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self.workers:
            worker.stop()
        self.stack.close()

    @property
    def free(self) -> list[_Worker]:
        return [w for w in self.workers if w.job is None]

    @property
    def busy(self) -> bool:
        return any(w.job is not None for w in self.workers)

    def give(self, job: Job) -> None:
        self.free[0].give(job)

    def wait(self) -> tuple[Job, NeuplugError | None]:
        while True:
            worker, event = self.events.get()
            job = worker.job
            if event is None or job is None:
                raise PluginError(_obituary(job, worker.exit_code()))
            if "fraction" in event:
                self.listener.progress(job, event["fraction"], event["note"])
                continue
            worker.job = None
            if "error" in event:
                kind = getattr(errors, event["error"], PluginError)
                return job, kind(event["message"])
            return job, None


def _obituary(job: Job | None, code: int) -> str:
    """Of a process that ended without a word: what it did, for whom, and what to try."""
    who = "the worker process" + (f" for {job.title}" if job else "")
    component = job.task.get("component") if job else None
    memory = code == -signal.SIGKILL
    advice = "if memory ran out, try --workers 0"
    if component:
        who += ", {name} of {distribution} {version},".format(**component)
        if not memory:
            check = f"'neuplug plugins check {component['distribution']}'"
            advice = f"leave the component out, or see what {check} finds"
    return f"{who} died (exit code {code}); {advice}. The same command goes on where it was."


class _Worker:
    def __init__(
        self,
        bench: Workbench,
        log: IO[Any] | int,
        events: queue.Queue[tuple[_Worker, dict[str, Any] | None]],
    ) -> None:
        self.job: Job | None = None
        # -P: nothing in the working folder can stand in for a module
        command = [sys.executable, "-P", "-m", "neuplug.experiment.worker"]
        command += [str(bench.store.root.absolute()), str(bench.device)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process, which stops its workers
            env=os.environ | ({"OMP_NUM_THREADS": "1"} if bench.device.type == "cpu" else {}),
        )
        self.events = events
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.put((self, json.loads(line)))
        self.events.put((self, None))

    def give(self, job: Job) -> None:
        assert self.process.stdin is not None
        self.job = job
        try:
            self.process.stdin.write(json.dumps(asdict(job)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its end is reported by the listener

    def exit_code(self) -> int:
        return self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
