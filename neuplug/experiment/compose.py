"""The main job: from a question to a run folder with its answer.

Two questions with the same key have the same answer. Loads no torch until there is work to do.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from neuplug.errors import InputError, NeuplugError, StorageError
from neuplug.experiment import events
from neuplug.experiment.claim import GENERATED, RunClaim, RunStopped, is_whole
from neuplug.experiment.components import named_faults
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.executors.forking import WorkerStarter
from neuplug.experiment.looks import looked_before
from neuplug.experiment.reading import read_curves, read_results
from neuplug.experiment.reporters import REPORTS, FinishedRun, have_reported, write_reports
from neuplug.experiment.request import Request
from neuplug.experiment.results import RunResults
from neuplug.plugins.distributions import name_troubled
from neuplug.plugins.registry import discover
from neuplug.seeds import one_thread
from neuplug.storage.files import storing
from neuplug.storage.store import MissingResult, store_root
from neuplug.text import printable

if TYPE_CHECKING:
    from neuplug.experiment.executors.base import Executor
    from neuplug.experiment.plan import Plan
    from neuplug.experiment.results import Dose
    from neuplug.experiment.runner import Failure
    from neuplug.experiment.steps.context import TaskContext

# Between two looks at a run that another process works on
JOIN_SECONDS = 0.3


def run(
    request: Request,
    on_event: events.Sink = events.unheard,
    *,
    command: str = "",
    fresh: bool = False,
    outside: events.Sink | None = None,
) -> RunResults:
    """Answer a question.

    Args:
        request: What is asked.
        on_event: Told what goes on.
        command: How it was asked, for the record.
        fresh: Make tables and report anew even if they are there.
        outside: Told what is not among the run's events, since another process writes these, or
            nobody; by default ``on_event``.

    Raises:
        InputError: If something is asked for that cannot be done.
        PluginError: If a plugin fails.
        PartlyDone: If an evaluator, a report or a file failed, though everything was trained.
    """
    config, folder, tell = request.config, request.folder, outside or on_event
    while True:
        # loads no torch, so that a question asked again is answered at once
        wanted = [REPORTS] * config.report + [GENERATED] * config.save_generated
        whole = not fresh and is_whole(folder, request.key, *wanted)
        if whole and (not config.report or have_reported(folder, _reporters(config))):
            found = read_results(folder)
            if not any(each.error for each in found.evaluations):  # else they are tried again
                since = f"nothing has changed since {found.created.isoformat()}"
                tell(events.Said(text=f"answered from {folder}: {since}."))
                return found
        if (claim := RunClaim.take(folder, request.key)) is not None:
            break
        waiting = f"another process is working on {folder}: waiting for its results."
        tell(events.Said(text=waiting))
        fresh, tell = False, events.unheard  # which is said once
        time.sleep(JOIN_SECONDS)
    return _Run(request, claim, command, on_event).work()


class PartlyDone(NeuplugError):
    """All is trained and the results are there, but not all that was to be made of them.

    Attributes:
        results: Of the run.
    """

    def __init__(self, results: RunResults, failed: Sequence[NeuplugError]) -> None:
        advice = f"All else is in {results.folder}; the same command tries again what failed."
        super().__init__(*dict.fromkeys(map(str, failed)), advice)
        self.results, self.exit_code = results, max(error.exit_code for error in failed)


def _reporters(config: ComposeConfig) -> set[str]:
    """The names of those that are to report."""
    found = discover()
    if config.reporter:
        return {found.resolve(name, ("reporter",)).name for name in config.reporter}
    return {spec.name for spec in found.of_kind("reporter")}


def prepare(request: Request) -> Plan:
    """Load the data and plan the run, without doing any of it.

    Raises:
        InputError: If something is asked for that cannot be done.
    """
    from neuplug.data.dataset import Dataset, load_dataset
    from neuplug.experiment.arms import Selection
    from neuplug.experiment.planning import make_plan
    from neuplug.training.devices import pick_device

    config = request.config
    Selection(config)  # refuses what does not exist, before images are decoded
    pick_device(config.device)
    if request.images is not None:
        for name in ("range", "channels"):
            if getattr(config, name) != "auto":
                raise InputError(f"{name} is about image files: images in memory stay as they are.")
        dataset = Dataset.from_imageset(request.images, near=config.near)
    else:
        dataset = load_dataset(
            config.data,
            imgsz=config.imgsz,
            resize=config.resize,
            range=config.range,
            channels=config.channels,
            classes=request.classes,
            strict=config.strict,
            near=config.near,
            listing=request.listing,
        )
    shown = Counter(map(printable, dataset.images.classes))
    if alike := [name for name, number in shown.items() if number > 1]:
        raise InputError(f"classes that read alike, {', '.join(alike)}: rename all but one.")
    plan = make_plan(config, dataset)
    if looked := request.looked:
        plan.looked = looked_before(looked)
    return plan


class _Run:
    """One process's work on a run whose folder it has claimed."""

    def __init__(
        self, request: Request, claim: RunClaim, command: str, on_event: events.Sink
    ) -> None:
        self.request, self.config, self.claim = request, request.config, claim
        self.command, self.folder = command, claim.folder
        self.begun, self.starter = False, WorkerStarter(claim.folder / events.LOG)
        self.log = events.EventLog(self.folder, on_event)
        self.failed: list[NeuplugError] = []

    def work(self) -> RunResults:
        """Do what is left to do, and say in the folder how it ended."""
        process = f"process {os.getpid()} on {socket.gethostname()}"
        self.log.write(events.RunStarted(process=process))
        try:
            with closing(self.starter):
                result = self._answer()
        except (KeyboardInterrupt, RunStopped):
            self._end("stopped")
            raise
        except BaseException as error:
            unanswerable = isinstance(error, NeuplugError) and not self.begun
            if self.claim.is_new and (isinstance(error, InputError) or unanswerable):
                with closing(self.log):
                    self.claim.discard()
            else:
                self._end("failed", " ".join(str(error).split("\n")))
            raise
        self._end("finished")
        if self.failed:
            raise PartlyDone(result, self.failed)
        return result

    def _end(self, state: events.Ending, why: str = "") -> None:
        with closing(self.log):
            with suppress(StorageError):  # a full disk has been told already
                self.log.write(events.RunEnded(state=state, message=why))
            self.claim.end(state)

    def _answer(self) -> RunResults:
        config = self.config
        on_processor = config.device in ("auto", "cpu") and config.executor is None
        new = not (store_root() / "done").exists()  # else all may be stored
        if new and on_processor and config.workers != 0 and not self.request.is_local:
            self.starter.begin()  # before this process loads torch
        import torch

        from neuplug.experiment import runfolder
        from neuplug.experiment.analysis.outlook import outlook
        from neuplug.experiment.steps.context import TaskContext
        from neuplug.training.devices import NO_GPU, faster_device

        if troubled := name_troubled(discover().problems):
            self.log.say(f"{troubled}: see 'neuplug plugins'.")
        plan = prepare(self.request)
        context = TaskContext.open(store_root(), self.config.device, plan.dataset)
        context.store.tell = self.log.say
        for sentence in (*plan.dataset.report.notes, *outlook(plan)):
            self.log.say(sentence)
        for sentence in plan.warnings:
            self.log.say(f"warning: {sentence}")
        if self.config.device == "auto" and (why := faster_device()[1]) != NO_GPU:
            self.log.say(f"device: {context.device.type}, since {why}")
        with storing(self.folder):
            runfolder.begin(self.folder, plan)
        self.begun = True
        context.store.sweep()  # what killed processes have left
        # beside the workers further threads would wait for a core most of the time
        cpu = torch.device("cpu")
        with one_thread(cpu), self._executor(plan, context) as executor:
            return self._work(plan, context, executor)

    @contextmanager
    def _executor(self, plan: Plan, context: TaskContext) -> Iterator[Executor]:
        from neuplug.experiment.executors.base import ExecutorContext
        from neuplug.experiment.executors.local import local_executor

        chosen, here = plan.selection.executor, self.request.is_local
        if here and chosen is not None:
            raise InputError(
                f"{chosen.name} cannot run components that only this process knows: "
                "leave executor out, or put them into a plugin."
            )
        workers, log = self.config.workers, self.folder / events.LOG
        self.named = partial(named_faults, chosen.spec) if chosen else nullcontext
        with self.named():
            if chosen is None:
                found = local_executor(workers, context, self._progress, self.starter, here)
            else:
                about = ExecutorContext(context.store.root, str(context.device), workers, log)
                found = chosen.make().open(about)
        try:
            yield found
        finally:
            with self.named():
                found.close()

    def _work(self, plan: Plan, context: TaskContext, executor: Executor) -> RunResults:
        """Do rounds of tasks until there is nothing new to do, and make the run's files of them."""
        from neuplug.experiment import runfolder
        from neuplug.experiment.analysis.learnt import settle_steps
        from neuplug.experiment.rounds import next_round
        from neuplug.experiment.runner import TRIES, run_tasks

        failures: dict[str, Failure] = {}
        missing: Counter[str] = Counter()
        while True:
            try:
                chosen, tasks = settle_steps(plan, context)
                chosen.looked = plan.looked
                doses: list[Dose] = []
                if not tasks:
                    chosen, doses, tasks = next_round(chosen, context)
                left = [t for t in tasks if t.key not in failures and not context.store.has(t.key)]
                if not left:
                    return self._finish(chosen, context, failures.values(), doses)
                runfolder.add_round(self.folder, left)
                tell = (self.log.write, self.claim.check, context.store.noted_time)
                with self.named():
                    failed = run_tasks(left, chosen.tasks, executor, *tell, chosen.until)
                failures |= {failure.task.key: failure for failure in failed}
            except MissingResult as error:
                missing[error.key] += 1
                if missing[error.key] == TRIES:
                    raise
                task = plan.tasks.get(error.key)  # none: the steps of the plan were too few
                self.log.say(f"{task.label if task else 'A training'} is run again.")

    def _finish(
        self, plan: Plan, context: TaskContext, failures: Iterable[Failure], doses: Iterable[Dose]
    ) -> RunResults:
        """Make the run's files of all that is done, and have the reporters report."""
        from neuplug.experiment import runfolder
        from neuplug.experiment.analysis.collect import collect

        self.log.say("putting the results together")
        asked = {"request": self.claim.request, "command": self.command}
        results = collect(plan, context, failures, doses, self.folder, **asked)
        with storing(self.folder):
            self.failed = list(runfolder.finish(self.folder, plan, context, results))
            if self.config.report:
                run = FinishedRun(self.folder, results, read_curves(self.folder), plan, context)
                self.failed += write_reports(plan.selection.reporters, self.config.options, run)
        for error in self.failed:
            self.log.say(f"warning: {error}")
        self.failed += [failure.error for failure in failures]  # of evaluators, told already
        return results

    def _progress(self, event: Any) -> None:
        self.claim.check()
        self.log.write(event)
