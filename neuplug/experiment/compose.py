"""The main job: from a question to a run folder with its answer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuplug.cache import cache_dir
from neuplug.errors import InputError
from neuplug.experiment.config import ComposeConfig, resolve
from neuplug.experiment.listener import Listener, Logged
from neuplug.experiment.request import request_key, run_folder
from neuplug.experiment.result import Result

if TYPE_CHECKING:
    from neuplug.experiment.plan import Plan
    from neuplug.imageset import ImageSet


def compose(
    data: str | Path | ImageSet = "demo",
    *,
    aug: Sequence[str] | str = (),
    clf: Sequence[str] | str = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    training: Mapping[str, Any] | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> Result:
    """Compare ways to enlarge a training set by what classifiers make of them.

    The same as ``neuplug compose``; it answers from the store where it can, and an interrupted
    call goes on where it was.

    Args:
        data: A folder, a CSV manifest, ``demo``, or an :class:`neuplug.ImageSet`.
        aug: Arms, such as ``["flip", "dcgan", "classical+dcgan"]``; ``none`` is always there.
        clf: Classifiers; like ``aug`` not needed with a ``recipe``.
        options: Component options by component name.
        training: Options of the training loop.
        listener: Told what goes on; by default nobody.
        settings: Any other setting of :class:`neuplug.experiment.config.ComposeConfig`, such as
            ``per_class=40, add=300, repeats=10, imgsz=64, seed=1``.

    Returns:
        Verdicts, means with intervals, and the run's folder.

    Raises:
        InputError: If something is asked for that cannot be done.
        PluginError: If a plugin fails.
        NeuplugError: If filters let no image of a class pass that has no others.

    Example:
        >>> result = neuplug.compose(aug=["flip", "dcgan"], clf=["smallcnn"])  # doctest: +SKIP
        >>> result.verdicts["dcgan", "smallcnn"]  # doctest: +SKIP
        'helps'
    """
    images = None
    if not isinstance(data, str | Path):
        images, data = data, f"in memory ({len(data)} images)"
    flags = {
        **settings,
        "data": str(data),
        # what is not given leaves a recipe's in place
        "aug": ([aug] if isinstance(aug, str) else list(aug)) or None,
        "clf": ([clf] if isinstance(clf, str) else list(clf)) or None,
        "options": {name: dict(values) for name, values in (options or {}).items()},
        "training": dict(training or {}),
    }
    return run(resolve(flags=flags, environment={}), listener or Listener(), images=images)


def run(
    config: ComposeConfig,
    listener: Listener,
    *,
    images: ImageSet | None = None,
    command: str = "",
    fresh: bool = False,
) -> Result:
    """Answer a configuration.

    Args:
        config: What is asked.
        listener: Told what goes on.
        images: The data, where the configuration names no file.
        command: How it was asked, for the record.
        fresh: Make tables and report anew even if they are there.

    Raises:
        InputError: If something is asked for that cannot be done.
        PluginError: If a plugin fails.
    """
    request = request_key(config, images)
    folder = run_folder(config, request)
    # loads no torch, so that a question asked again is answered at once
    from neuplug.experiment.answer import stored_answer

    if not fresh and (found := stored_answer(folder, request)):
        listener.say(
            f"answered from {folder}: nothing has changed since {found.created.isoformat()}."
        )
        return Result(folder, found)
    return _work(config, listener, images, request, folder, command)


def prepare(config: ComposeConfig, images: ImageSet | None = None) -> Plan:
    """Load the data and plan the run, without doing any of it.

    Raises:
        InputError: If something is asked for that cannot be done.
    """
    from neuplug.data.dataset import Dataset, load_dataset
    from neuplug.experiment.planning.planner import make_plan
    from neuplug.registry import discover

    if images is not None:
        dataset = Dataset.from_imageset(images)
    else:
        dataset = load_dataset(
            config.data,
            imgsz=config.imgsz,
            resize=config.resize,
            classes=_own_classes(config),
            strict=config.strict,
        )
    return make_plan(config, dataset, discover())


def _own_classes(config: ComposeConfig) -> list[str] | None:
    """The classes asked for, by the names that this copy of a recipe's images has."""
    if config.recipe is None or config.classes is None:
        return config.classes
    from neuplug.data.layouts import scan
    from neuplug.recipes import load_recipe

    aliases = load_recipe(config.recipe).aliases
    present = scan(Path(config.data)).classes
    return [
        next((other for other in (name, *aliases.get(name, ())) if other in present), name)
        for name in config.classes
    ]


def _work(
    config: ComposeConfig,
    listener: Listener,
    images: ImageSet | None,
    request: str,
    folder: Path,
    command: str,
) -> Result:
    from neuplug.experiment import runfolder
    from neuplug.experiment.doses import choose, undecided
    from neuplug.experiment.jobs.workbench import Workbench
    from neuplug.experiment.results.collect import collect
    from neuplug.experiment.running import do_jobs
    from neuplug.registry import discover, name_troubled
    from neuplug.report.page import write_report

    if troubled := name_troubled(discover().problems):
        listener.say(f"{troubled}: see 'neuplug plugins'.")
    plan = prepare(config, images)
    bench = Workbench.open(store_root(), config.device, plan.dataset)
    _say_warnings(plan, listener)
    is_new = not folder.exists()
    runfolder.begin(folder, plan, request)
    log = folder / runfolder.LOG
    listener = Logged(listener, log)
    waiting = undecided(plan)
    jobs = [job for job in plan.jobs.values() if job.key not in waiting]
    try:
        failures = do_jobs(jobs, bench, listener, config.workers, log)
        plan, doses = choose(plan, bench)
        if waiting:
            kept = [key for cell in plan.cells for _, key in cell.evaluations if key in waiting]
            jobs = [plan.jobs[key] for key in kept]
            failures += do_jobs(jobs, bench, listener, config.workers, log)
    except InputError:
        if is_new:  # nothing half-written for a question that has no answer
            shutil.rmtree(folder, ignore_errors=True)
        raise
    listener.say("writing the report")
    results = collect(plan, bench, failures, doses, request=request, command=command, folder=folder)
    results = runfolder.finish(folder, plan, bench, results)
    write_report(folder)
    return Result(folder, results)


def _say_warnings(plan: Plan, listener: Listener) -> None:
    for sentence in plan.warnings:
        listener.say(f"warning: {sentence}")


def store_root() -> Path:
    """Where finished work is kept."""
    return cache_dir() / "store"
