"""``neuplug plugins``: what is installed, what is wrong with it, and a component's options."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli.columns import make_console, print_columns
from neuplug.cli.group import LightGroup

if TYPE_CHECKING:
    from neuplug.registry import Provided, Registry
    from neuplug.testing import Outcome

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(cls=LightGroup, invoke_without_command=True)


@app.callback()
def plugins(context: typer.Context, as_json: AsJson = False) -> None:
    """List the installed components and their problems."""
    if context.invoked_subcommand is not None:
        return
    from neuplug.registry import discover

    registry = discover()
    if as_json:
        _print_json(
            {
                "components": [_record(p) for kind in _kinds() for p in registry.of_kind(kind)],
                "problems": [
                    {"distribution": p.distribution, "version": p.version, "message": p.message}
                    for p in registry.problems
                ],
            }
        )
    else:
        _print_registry(registry)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A component: dcgan, or neuplug-dcgan:dcgan.")],
    kind: Annotated[
        str | None, typer.Option(help="augmenter, generator, classifier or evaluator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a component's options: type, default, bounds and meaning."""
    from neuplug.cli.options import option_rows
    from neuplug.errors import InputError, did_you_mean
    from neuplug.registry import discover

    if kind is not None and kind not in _kinds():
        raise InputError(
            f"--kind {kind}: no such kind.{did_you_mean(kind, _kinds())} "
            f"There are: {', '.join(_kinds())}."
        )
    provided = discover().resolve(name, _kinds() if kind is None else (kind,))
    component = provided.load()
    rows = option_rows(component.options_class)
    about = (component.__doc__ or provided.component.summary).strip().splitlines()[0]
    if as_json:
        _print_json({**_record(provided), "description": about, "options": rows})
        return
    console = make_console()
    console.print(f"{provided.name}: {provided.kind} of {provided.source}", style="bold")
    console.print(about)
    if not rows:
        console.print("It has no options.")
        return
    console.print()
    print_columns(
        console,
        [
            ("option", "type", "default", "bounds", "meaning"),
            *((r["name"], r["type"], r["default"], r["bounds"], r["description"]) for r in rows),
        ],
    )
    console.print(f"\nSet one with --set {provided.name}.{rows[0]['name']}=VALUE")


@app.command()
def check(
    distribution: Annotated[str, typer.Argument(help="An installed plugin: neuplug-dcgan.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="component.option=value, to check it with. Repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin keeps the laws that plugins keep; exit code 1 if it breaks one."""
    from neuplug.testing import iterate_plugin

    outcomes = []
    options = _options(set_ or [])
    with _spared_output(), _counting(quiet=as_json) as count:
        for outcome in iterate_plugin(distribution, options):
            outcomes.append(outcome)
            count(len(outcomes), outcome.subject)
    if as_json:
        _print_json([outcome.as_dict() for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What the component is to be called: film-grain.")],
    kind: Annotated[str, typer.Option(help="augmenter, generator, classifier or evaluator.")],
    to: Annotated[Path, typer.Option(help="Where the folder neuplug-NAME is made.")] = Path(),
) -> None:
    """Write a plugin's package, complete and working, to make your own from."""
    import shlex

    from neuplug.scaffold import KINDS, write_plugin

    folder = write_plugin(name, kind, to)
    # a script may read this: plain lines of any length
    typer.echo(f"{folder}: a package with the {kind} {name}, {KINDS[kind].summary}. Next:")
    typer.echo(f"  pip install -e {shlex.quote(str(folder))}")
    typer.echo(f"  neuplug plugins check {folder.name}")
    typer.echo(f"  neuplug compose {KINDS[kind].use.replace('THE_NAME', name)}")


def _options(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Component names to the options that ``--set`` gives them."""
    from neuplug.experiment.config import over, setting

    values: dict[str, Any] = {}
    for item in settings:
        values = over(values, setting(item))
    options: dict[str, dict[str, Any]] = values.pop("options", {})
    return options | values  # training's, if any: refused by name, as no component has it


def _kinds() -> tuple[str, ...]:
    from neuplug.hookspecs import HOOKS

    return tuple(HOOKS.values())


def _record(provided: Provided) -> dict[str, Any]:
    return {
        "name": provided.name,
        "kind": provided.kind,
        "summary": provided.component.summary,
        "target": provided.component.target,
        "distribution": provided.distribution,
        "version": provided.version,
    }


def _print_json(content: Any) -> None:
    import json

    typer.echo(json.dumps(content, indent=2))


def _print_registry(registry: Registry) -> None:
    console = make_console()
    offers = Counter(p.name for p in registry.components)
    rows: list[tuple[str, ...]] = []
    for kind in _kinds():
        found = registry.of_kind(kind)
        rows += [(f"{kind}s",)] if found else []
        for p in found:
            # a name offered more than once is asked for together with its distribution
            name = p.name if offers[p.name] == 1 else f"{p.distribution}:{p.name}"
            rows.append((f"  {name}", p.component.summary, p.source))
    if rows:
        print_columns(console, rows)
    else:
        console.print("no plugin offers a component; pip install 'neuplug[standard]' brings some")
    if registry.problems:
        console.print("problems", style="bold red")
        print_columns(
            console, [(f"  {p.distribution} {p.version}", p.message) for p in registry.problems]
        )


@contextlib.contextmanager
def _spared_output() -> Iterator[None]:
    """Send what plugins print, Python or not, to the standard error: a program may read ours."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # one of them is closed
        kept = None
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


@contextlib.contextmanager
def _counting(quiet: bool) -> Iterator[Callable[[int, str], None]]:
    """A line that counts on a terminal, and nothing elsewhere."""
    from rich.console import Console

    console = Console(emoji=False, stderr=True, quiet=quiet)
    with console.status("checking") as status:
        yield lambda done, subject: status.update(f"checking {subject}: {done} laws")


def _print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Each component with its counts, below it what failed and what could not be checked."""
    console = make_console()
    for (subject, kind), group in itertools.groupby(outcomes, lambda o: (o.subject, o.kind)):
        found = list(group)
        counts = Counter(outcome.status for outcome in found)
        said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
        console.print(f"{subject} ({kind}): {said}", style="bold")
        for status, style in (("failed", "red"), ("skipped", "dim")):
            rows = [(o.law, o.message) for o in found if o.status == status]
            if rows:
                console.print(f"  {status}", style=style)
                print_columns(console, [(f"    {law}", message) for law, message in rows])
