"""``neuplug compose``: the main job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from neuplug.experiment.config import ComposeConfig

DATA, ARMS, TRAINING, RUN = "Data", "Arms", "Training", "Run"


def compose(
    experiment: Annotated[
        Path | None, typer.Argument(help="A YAML file of settings; flags go before it.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="A published system; see neuplug recipes.", rich_help_panel=DATA),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Of a recipe: paper, laptop or smoke.", rich_help_panel=DATA),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A folder, a CSV manifest, or demo.", rich_help_panel=DATA),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Only these classes, by commas.", rich_help_panel=DATA)
    ] = None,
    per_class: Annotated[
        str | None,
        typer.Option(
            help="Training images per class (or 10,20,40); the rest is test.", rich_help_panel=DATA
        ),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(help="Part for the test, without --per-class.", rich_help_panel=DATA),
    ] = None,
    val: Annotated[
        float | None,
        typer.Option(help="Part of the training images for validation.", rich_help_panel=DATA),
    ] = None,
    resplit: Annotated[
        bool | None,
        typer.Option(
            "--resplit", help="Draw the split even if the data bring one.", rich_help_panel=DATA
        ),
    ] = None,
    allow_leak: Annotated[
        bool | None,
        typer.Option(
            "--allow-leak",
            help="Go on although the split of the data leaks.",
            rich_help_panel=DATA,
        ),
    ] = None,
    imgsz: Annotated[
        str | None, typer.Option(help="Image size, H or H,W.", rich_help_panel=DATA)
    ] = None,
    resize: Annotated[
        str | None, typer.Option(help="resize or crop to that size.", rich_help_panel=DATA)
    ] = None,
    strict: Annotated[
        bool | None,
        typer.Option("--strict", help="An unreadable image stops the run.", rich_help_panel=DATA),
    ] = None,
    aug: Annotated[
        list[str] | None,
        typer.Option(
            help="An arm: flip, dcgan, classical+dcgan, dcgan@add=100+classical. Repeatable.",
            rich_help_panel=ARMS,
        ),
    ] = None,
    add: Annotated[
        str | None,
        typer.Option(help="Made images per class (or 100,300).", rich_help_panel=ARMS),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Enlarge each class to this size.", rich_help_panel=ARMS),
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(help="Made part of the result, 0 to 1.", rich_help_panel=ARMS),
    ] = None,
    replace: Annotated[
        bool | None,
        typer.Option("--replace", help="Made images replace the others.", rich_help_panel=ARMS),
    ] = None,
    clf: Annotated[
        list[str] | None,
        typer.Option(help="A classifier. Repeatable.", rich_help_panel=ARMS),
    ] = None,
    eval_: Annotated[
        list[str] | None,
        typer.Option("--eval", help="An evaluator. Repeatable.", rich_help_panel=ARMS),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Optimiser steps, equal for every arm.", rich_help_panel=TRAINING),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Instead: passes over each arm's own set.", rich_help_panel=TRAINING),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Images a step.", rich_help_panel=TRAINING)
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="component.option=value, or training.option=value. Repeatable.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(help="Draws of split and seeds.", rich_help_panel=RUN)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="What all chance of the run follows from.", rich_help_panel=RUN),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:1.", rich_help_panel=RUN)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; 0 works in this one.", rich_help_panel=RUN),
    ] = None,
    project: Annotated[
        Path | None, typer.Option(help="Folder of run folders.", rich_help_panel=RUN)
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of this run's folder.", rich_help_panel=RUN)
    ] = None,
    save_generated: Annotated[
        bool | None,
        typer.Option("--save-generated", help="Write made images as PNG.", rich_help_panel=RUN),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run.", rich_help_panel=RUN)
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Make the report anew.", rich_help_panel=RUN),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the result alone.", rich_help_panel=RUN)
    ] = False,
    json_: Annotated[
        bool, typer.Option("--json", help="Print results.json.", rich_help_panel=RUN)
    ] = False,
) -> None:
    """Compare ways to enlarge a training set, and say which help.

    neuplug compose --aug dcgan --clf mobilenetv2
    """
    from neuplug.experiment.config import resolve

    training = {"steps": steps, "epochs": epochs, "batch": batch}
    flags: dict[str, Any] = {
        "recipe": recipe,
        "budget": budget,
        "data": data,
        "classes": classes,
        "per_class": per_class,
        "test": test,
        "val": val,
        "resplit": resplit,
        "allow_leak": allow_leak,
        "imgsz": imgsz,
        "resize": resize,
        "strict": strict,
        "aug": aug or None,
        "add": add,
        "to": to,
        "share": share,
        "replace": replace,
        "clf": clf or None,
        "eval": eval_ or None,
        "repeats": repeats,
        "seed": seed,
        "device": device,
        "workers": workers,
        "project": project,
        "name": name,
        "save_generated": save_generated,
    }
    settings = [f"training.{k}={v}" for k, v in training.items() if v is not None]
    config = resolve(experiment, flags, (*settings, *(set_ or [])))
    if dry_run:
        _say_plan(config, json_)
        return
    _run(config, fresh=fresh, quiet=quiet, as_json=json_)


def _run(config: ComposeConfig, *, fresh: bool, quiet: bool, as_json: bool) -> None:
    from rich.console import Console

    from neuplug.cli.display import display
    from neuplug.experiment.compose import run
    from neuplug.report.tables import print_summary

    command = shlex.join(["neuplug", *sys.argv[1:]])
    with display(quiet=quiet or as_json) as listener:
        result = run(config, listener, command=command, fresh=fresh)
    if as_json:
        print(result.results.model_dump_json(indent=1))
    else:
        print_summary(result.results, Console(emoji=False))


def _say_plan(config: ComposeConfig, as_json: bool) -> None:
    import json

    from neuplug.cli.plan import plan_summary, print_plan
    from neuplug.experiment.compose import prepare, store_root
    from neuplug.experiment.store import Store

    plan = prepare(config)
    found = plan_summary(plan, Store(store_root()))
    if as_json:
        print(json.dumps(found, indent=1, allow_nan=False))
    else:
        print_plan(found)
