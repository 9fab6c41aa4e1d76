"""``neuplug compose``: the main job. Its options are made from the settings of a run."""

from __future__ import annotations

import inspect
import json
import logging
import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel

from neuplug.cli.printing import PrintableFormatter, make_console, option_rows, print_table
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.config import TRAINING, ComposeConfig, resolve
from neuplug.experiment.looks import counted, planned_looks
from neuplug.plugins.registry import discover
from neuplug.training.options import TrainingOptions

if TYPE_CHECKING:
    from neuplug.experiment.plan import Plan

RUN = "Run"

# The flags that take components of a kind, where they are not called as that is
OF_KINDS = dict.fromkeys(("augmenter", "mixer", "generator"), "aug")
OF_KINDS |= {"classifier": "clf", "evaluator": "eval"}

# Kinds of tasks, in words
KINDS = {
    "fit": "generators to train",
    "sample": "sets to draw from generators",
    "augment": "sets to augment",
    "train": "classifiers to train",
    "evaluate": "evaluations",
}


def _switch(flag: str, text: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel=RUN)


def compose(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE] [DATA]",
            help="A YAML file of settings, which flags override; the data, as after --data.",
        ),
    ] = None,
    *,
    dry_run: Annotated[bool, _switch("--dry-run", "Only show what would run.")] = False,
    fresh: Annotated[bool, _switch("--fresh", "Write results and report again.")] = False,
    quiet: Annotated[bool, _switch("--quiet", "Print only the result.")] = False,
    verbose: Annotated[bool, _switch("--verbose", "Print when each task starts and ends.")] = False,
    as_json: Annotated[bool, _switch("--json", "Print results.json.")] = False,
    **flags: Any,
) -> None:
    """Compare augmentation methods for a training set.

    Trains classifiers with each method and reports which methods help.

    neuplug compose --aug dcgan --clf mobilenetv2
    """
    config = asked(*(inputs or ()), **flags)
    if dry_run:
        _say_plan(config, as_json)
    else:
        if verbose:
            _print_log()
        _run(config, fresh=fresh, quiet=quiet or verbose, as_json=as_json)


def _completion(name: str, kind: str) -> Callable[[str], list[str]]:
    """What a shell offers after a flag; no component is loaded for that."""

    def offered(incomplete: str) -> list[str]:
        words = [w for w in kind.split(" | ") if w != "int"] if " | " in kind else []
        words += [
            spec.name for spec in discover().offers if OF_KINDS.get(spec.kind, spec.kind) == name
        ]
        if name == "options":
            words += [f"{TRAINING}.{option}=" for option in TrainingOptions.model_fields]
            words += [f"{spec.name}." for spec in discover().components]
        return [word for word in words if word.startswith(incomplete)]

    return offered


def _flags(model: type[BaseModel], panel: str | None) -> Iterator[inspect.Parameter]:
    """A parameter of the command for each field; of a model within, for those with a panel."""
    for row in option_rows(model):
        field = model.model_fields[row["name"]]
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            yield from _flags(field.annotation, None)
            continue
        about: dict[str, Any] = {"panel": panel, **(field.json_schema_extra or {})}  # type: ignore[dict-item]
        if about["panel"] is None:
            continue
        kind, text = row["type"].removesuffix(" | none").strip("()"), row["description"]
        several = kind.startswith("list of") or kind == "mapping"
        text = f"{text[:1].upper()}{text[1:]}.{' Repeatable.' if several else ''}"
        if row["default"] not in ("none", "false", "[]", "{}"):
            text += f" By default {row['default'].strip('()')}."
        option = typer.Option(
            *([about["flag"]] if "flag" in about else []),
            help=text,
            show_default=False,
            metavar=None if kind == "bool" else "name=value" if kind == "mapping" else kind,
            rich_help_panel=about["panel"],
            autocompletion=_completion(row["name"], kind),
        )
        type_ = bool if kind == "bool" else list[str] if several else str
        yield inspect.Parameter(
            row["name"],
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[type_ | None, option],
        )


# the settings of a run in the place of ``flags``
_written = inspect.signature(compose, eval_str=True)
_inputs, *_own, _ = _written.parameters.values()
compose.__signature__ = _written.replace(  # type: ignore[attr-defined]
    parameters=[_inputs, *_flags(ComposeConfig, RUN), *_own]
)


def asked(*inputs: str, **flags: Any) -> ComposeConfig:
    """What the experiment file, the environment, the flags and what has none come to.

    Raises:
        InputError: If something stands without its flag, or anything is wrong with the settings.
    """
    settings = flags.pop("options", None) or ()
    given = {name: _given(value) for name, value in flags.items() if value is not None}
    stray = []
    for word in inputs:
        path = Path(word).expanduser()
        is_data = path.is_dir() or path.suffix.lower() in (".csv", ".tsv")
        is_data |= word == "demo" or "://" in word  # which is refused as an address
        name = "data" if is_data else "the experiment file"
        if not is_data and not path.exists() and path.suffix.lower() not in (".yaml", ".yml"):
            stray.append(word)
        elif given.setdefault(name, word) != word:
            raise InputError(f"{name} is given twice: {given[name]} and {word}.")
    if stray:
        raise InputError(_with_flags(stray, flags))
    experiment = given.pop("the experiment file", None)
    training = {k: given.pop(k) for k in TrainingOptions.model_fields if k in given}
    return resolve(
        experiment and Path(experiment),
        given | ({TRAINING: training} if training else {}),
        tuple(settings),
    )


def _with_flags(words: list[str], flags: dict[str, Any]) -> str:
    """What to type for names of components that stand without a flag."""
    kinds = {spec.name: OF_KINDS.get(spec.kind, spec.kind) for spec in discover().offers}
    found: dict[str, list[str]] = {}
    for word in words:
        flag = kinds.get(re.split(r"[@+,]", word.lower())[0], "")
        if flag not in ComposeConfig.model_fields:
            hint = did_you_mean(word, [*kinds, *(path.name for path in Path().iterdir())])
            return f"there is no file or folder {word}.{hint}"
        given = flags.get(flag)
        found.setdefault(flag, list(given) if isinstance(given, list) else []).append(word)
    typed = (f"--{flag} {shlex.quote(name)}" for flag, names in found.items() for name in names)
    return f"{' and '.join(words)} must follow a flag: write {' '.join(typed)}."


def _given(value: Any) -> Any:
    """What a flag says: one text may be a comma-separated list, several are its items."""
    if isinstance(value, list | tuple):
        return value[0] if len(value) == 1 else list(value) or None
    return value


def _print_log() -> None:
    """Print what the logger ``neuplug`` is told, on standard error."""
    logger, handler = logging.getLogger("neuplug"), logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(asctime)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def _run(config: ComposeConfig, *, fresh: bool, quiet: bool, as_json: bool) -> None:
    from neuplug.cli.watch import display
    from neuplug.console import PlainConsole
    from neuplug.experiment.compose import PartlyDone, run
    from neuplug.experiment.request import Request
    from neuplug.experiment.summary.terminal import print_summary

    command = shlex.join(["neuplug", *sys.argv[1:]])
    request = Request.of(config)
    failed = None
    with display(request.folder, quiet=quiet or as_json) as show:
        try:
            results = run(request, command=command, fresh=fresh, outside=show)
        except PartlyDone as error:
            results, failed = error.results, error
    if as_json:
        print(results.model_dump_json(indent=1))
    else:
        print_summary(results, PlainConsole())
    if failed is not None:
        raise failed


# What would run.


def _say_plan(config: ComposeConfig, as_json: bool) -> None:
    from neuplug.experiment.compose import prepare
    from neuplug.experiment.request import Request

    found = _plan_facts(prepare(Request.of(config)))
    if as_json:
        print(json.dumps(found, indent=1, allow_nan=False))
    else:
        _print_plan(found)


def _plan_facts(plan: Plan) -> dict[str, Any]:
    """What a plan comes to, as JSON values; its cost if tasks like these were done before."""
    from neuplug.experiment.analysis.outlook import outlook
    from neuplug.storage.store import Store, store_root

    store = Store(store_root())
    left = [task for task in plan.tasks.values() if not store.has(task.key)]
    costs = [store.noted_time(task.cost_class()) for task in left if task.kind in ("fit", "train")]
    all_, missing = (Counter[str](t.kind for t in some) for some in (plan.tasks.values(), left))
    stored, split, images = all_ - missing, plan.splits[0], plan.dataset.images
    return {
        "data": plan.dataset.report.source,
        "classes": list(images.classes),
        "images": {
            "size": list(images.image_size),
            "train": len(split.train),
            "val": len(split.val),
            "test": len(split.test),
        },
        "arms": [arm.name for arm in plan.arms],
        "classifiers": list(dict.fromkeys(cell.classifier for cell in plan.cells)),
        "repeats": plan.config.repeats,
        "looks": [look.repeats for look in planned_looks(plan.config.repeats)],
        "cells": len(plan.cells),
        "tasks": {kind: {"all": all_[kind], "stored": stored[kind]} for kind in KINDS},
        "seconds": None if None in costs else float(sum(filter(None, costs))),
        "notes": [*plan.dataset.report.notes, *outlook(plan)],
        "warnings": plan.warnings,
    }


def _print_plan(found: dict[str, Any]) -> None:
    """Show them on the terminal."""
    console, images = make_console(), found["images"]
    (height, width), (first, *further) = images["size"], found["looks"]
    until = f" up to the look at {first}" * bool(further)
    console.print(
        f"{found['data']}: {len(found['classes'])} classes at {height}x{width}, {images['train']} "
        f"training, {images['val']} validation, {images['test']} test images"
    )
    console.print(f"arms: {', '.join(found['arms'])}")
    console.print(
        f"classifiers: {', '.join(found['classifiers'])}; {counted(found['repeats'])}; "
        f"{found['cells']} cells{until}"
    )
    counts = [(title, *found["tasks"][kind].values()) for kind, title in KINDS.items()]
    rows = [(title, all_, stored, all_ - stored) for title, all_, stored in counts if all_]
    print_table(console, ("work", "all", "stored", "to do"), rows)
    console.print(f"cost{until}: {_cost_text(found)}")
    for sentence in found["notes"]:
        console.print(sentence)
    for sentence in found["warnings"]:
        console.print(f"warning: {sentence}")


def _cost_text(found: dict[str, Any]) -> str:
    if all(c["all"] == c["stored"] for c in found["tasks"].values()):
        return "nothing, all of it is in the store"
    seconds = found["seconds"]
    if seconds is None:
        return "unknown: no task like these has run on this machine"
    return f"about {seconds / 60:.1f} minutes of work, shared among the worker processes"
