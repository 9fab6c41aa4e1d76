"""The main job: from a question to a run folder with its answer."""

from __future__ import annotations

import dataclasses
import os
import socket
import time
from collections import Counter
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, Any

from neuplug.errors import InputError, NeuplugError, StorageError
from neuplug.experiment.claim import RunClaim, RunStopped, is_whole
from neuplug.experiment.events import LOG, EventLog, RunEnded, RunStarted, Said, Sink, unheard
from neuplug.experiment.recipes import Recipe
from neuplug.experiment.reporters import REPORTS, have_reported
from neuplug.experiment.request import Request
from neuplug.experiment.result import Result
from neuplug.experiment.results.reading import read_results
from neuplug.storage.atomic import storing
from neuplug.storage.cache import store_root

if TYPE_CHECKING:
    from neuplug.experiment.executors.base import Executor
    from neuplug.experiment.plan import Plan
    from neuplug.experiment.runner import Failure
    from neuplug.experiment.steps.context import TaskContext

# Between two looks at a run that another process works on
JOIN_SECONDS = 0.3


def run(
    request: Request,
    on_event: Sink = unheard,
    *,
    command: str = "",
    fresh: bool = False,
    outside: Sink | None = None,
) -> Result:
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
    """
    config, folder, tell = request.config, request.folder, outside or on_event
    while True:
        # loads no torch, so that a question asked again is answered at once
        whole = not fresh and is_whole(folder, request.key, REPORTS if config.report else "")
        if whole and (not config.report or have_reported(folder, config.reporter)):
            found = read_results(folder)
            since = f"nothing has changed since {found.created.isoformat()}"
            tell(Said(text=f"answered from {folder}: {since}."))
            return Result(folder, found)
        if (claim := RunClaim.take(folder, request.key)) is not None:
            break
        waiting = f"another process is working on {folder}: waiting for its results."
        tell(Said(text=waiting))
        fresh, tell = False, unheard  # which is said once
        time.sleep(JOIN_SECONDS)
    return _Run(request, claim, command, on_event).work()


def prepare(request: Request) -> Plan:
    """Load the data and plan the run, without doing any of it.

    Raises:
        InputError: If something is asked for that cannot be done.
    """
    from neuplug.data.dataset import Dataset, load_dataset
    from neuplug.experiment.arms import Selection
    from neuplug.experiment.planning.make import make_plan

    config = request.config
    Selection(config)  # refuses what does not exist, before images are decoded
    if request.images is not None:
        dataset = Dataset.from_imageset(request.images)
    else:
        dataset = load_dataset(
            config.data,
            imgsz=config.imgsz,
            resize=config.resize,
            classes=_own_classes(request),
            strict=config.strict,
            listing=request.listing,
        )
    return make_plan(config, dataset)


def _own_classes(request: Request) -> list[str] | None:
    """The classes asked for, by the names that this copy of a recipe's images has."""
    classes, recipe = request.config.classes, request.config.recipe
    if recipe is None or classes is None or request.listing is None:
        return classes
    aliases, present = Recipe.load(recipe).aliases, request.listing.classes
    return [
        next((other for other in (name, *aliases.get(name, ())) if other in present), name)
        for name in classes
    ]


class _Run:
    """One process's work on a run whose folder it has claimed."""

    def __init__(self, request: Request, claim: RunClaim, command: str, on_event: Sink) -> None:
        self.request, self.config, self.claim = request, request.config, claim
        self.command, self.folder = command, claim.folder
        self.begun = False
        self.log = EventLog(self.folder, on_event)

    def work(self) -> Result:
        """Do what is left to do, and say in the folder how it ended."""
        self.log.write(RunStarted(process=f"process {os.getpid()} on {socket.gethostname()}"))
        state, why = "failed", ""
        try:
            result = self._answer()
            state = "finished"
            return result
        except (KeyboardInterrupt, RunStopped):
            state = "stopped"
            raise
        except NeuplugError as error:
            why = str(error)
            if self.claim.is_new and (isinstance(error, InputError) or not self.begun):
                state = "refused"
            raise
        except BaseException as error:
            why = str(error)
            raise
        finally:
            self._end(state, why)

    def _end(self, state: Any, why: str) -> None:
        with closing(self.log):
            if state == "refused":
                self.claim.discard()
                return
            with suppress(StorageError):  # a full disk has been told already
                self.log.write(RunEnded(state=state, message=why))
            self.claim.end(state)

    def _answer(self) -> Result:
        from neuplug.experiment import runfolder
        from neuplug.experiment.runner import TRIES
        from neuplug.experiment.steps.context import TaskContext
        from neuplug.plugins.registry import discover, name_troubled
        from neuplug.storage.store import MissingResult

        if troubled := name_troubled(discover().problems):
            self.log.say(f"{troubled}: see 'neuplug plugins'.")
        plan = prepare(self.request)
        context = TaskContext.open(store_root(), self.config.device, plan.dataset)
        context.store.tell = self.log.say
        for sentence in plan.warnings:
            self.log.say(f"warning: {sentence}")
        with storing(self.folder):
            runfolder.begin(self.folder, plan)
        self.begun = True
        failures: dict[str, Failure] = {}
        with ExitStack() as stack:
            executor = self._executor(plan, context)
            stack.enter_context(closing(executor))
            missing: Counter[str] = Counter()
            while True:
                try:
                    return self._put_together(plan, context, executor, failures)
                except MissingResult as error:
                    missing[error.key] += 1
                    if missing[error.key] == TRIES or error.key not in plan.tasks:
                        raise
                    self.log.say(f"{plan.tasks[error.key].label} is run again.")

    def _executor(self, plan: Plan, context: TaskContext) -> Executor:
        from neuplug.experiment.components import named_faults
        from neuplug.experiment.executors.base import ExecutorContext
        from neuplug.experiment.executors.local import local_executor
        from neuplug.plugins.spec import LOCAL

        workers, log, chosen = self.config.workers, self.folder / LOG, plan.selection.executor
        taking_part = plan.selection.components
        here = any(c.distribution == LOCAL for c in taking_part if c.kind != "executor")
        if chosen is None:
            return local_executor(workers, context, self._progress, log, here=here)
        if here:
            raise InputError(
                f"{chosen.name} cannot run components that only this process knows: "
                "leave executor out, or put them into a plugin."
            )
        with named_faults(chosen.spec):
            about = ExecutorContext(context.store.root, str(context.device), workers, log)
            found: Executor = chosen.make().open(about)
            return found

    def _put_together(
        self,
        plan: Plan,
        context: TaskContext,
        executor: Executor,
        failures: dict[str, Failure],
    ) -> Result:
        """Do rounds of tasks until there is nothing new to do, and make the run's files of them."""
        from neuplug.experiment import runfolder
        from neuplug.experiment.analysis.collect import collect
        from neuplug.experiment.planning.make import next_round
        from neuplug.experiment.runner import run_tasks

        while True:
            chosen, doses, tasks = next_round(plan, context)
            left = [t for t in tasks if t.key not in failures and not context.store.has(t.key)]
            if not left:
                break
            runfolder.add_round(self.folder, left)
            failed = run_tasks(left, plan.tasks, executor, self.log.write, self.claim.check)
            failures |= {failure.task.key: failure for failure in failed}
        self.log.say("putting the results together")
        results = collect(
            chosen,
            context,
            failures.values(),
            doses,
            request=self.claim.request,
            command=self.command,
            folder=self.folder,
        )
        with storing(self.folder):
            runfolder.finish(self.folder, chosen, context, results)
            self._report(chosen, context)
        return Result(self.folder, results)

    def _report(self, plan: Plan, context: TaskContext) -> None:
        """Have the reporters report, unless the user wants none."""
        if not self.config.report:
            return
        from neuplug.experiment.reporters import FinishedRun, RunImages, write_reports

        run = dataclasses.replace(FinishedRun.read(self.folder), images=RunImages(plan, context))
        for sentence in write_reports(plan.selection.reporters, self.config.options, run):
            self.log.say(f"warning: {sentence}")

    def _progress(self, event: Any) -> None:
        self.claim.check()
        self.log.write(event)
