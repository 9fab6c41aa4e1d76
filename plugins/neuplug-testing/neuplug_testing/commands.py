"""``neuplug plugins`` with ``check``, ``new`` and ``show``."""

from __future__ import annotations

import contextlib
import itertools
import json
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli.plugins import record
from neuplug.cli.printing import make_console, print_columns
from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.hookspecs import COMPONENTS

if TYPE_CHECKING:
    from neuplug_testing import Outcome

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    distribution: Annotated[str, typer.Argument(help="Installed plugin, such as neuplug-dcgan.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option to check with: component.option=value. Repeatable."),
    ] = None,
    law: Annotated[
        list[str] | None, typer.Option("--law", help="Check this law alone. Repeatable.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Check what takes seconds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin keeps the laws for plugins; exit code 1 if it breaks one."""
    from neuplug_testing.apart import iterate_apart

    outcomes = []
    asked = {"options": _options(set_ or []), "laws": law or [], "fast": fast}
    with _counting(quiet=as_json) as count:
        for outcome in iterate_apart(distribution, **asked):
            outcomes.append(outcome)
            count(len(outcomes), outcome.subject)
    if as_json:
        typer.echo(json.dumps([outcome.as_dict() for outcome in outcomes], indent=2))
    else:
        _print_outcomes(outcomes)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(1)


def new(
    name: Annotated[str, typer.Argument(help="Name of the component, such as film-grain.")],
    kind: Annotated[str, typer.Option(help="augmenter, mixer, generator, classifier, evaluator.")],
    to: Annotated[Path, typer.Option(help="Where to create the folder neuplug-NAME.")] = Path(),
) -> None:
    """Create a complete, working plugin package as a starting point."""
    from neuplug_testing.scaffold.writing import KINDS, write_plugin

    folder = write_plugin(name, kind, to)
    # a script may read this: plain lines of any length
    typer.echo(f"{folder}: a package with the {kind} {name}, {KINDS[kind].summary}. Next:")
    typer.echo(f"  pip install -e {shlex.quote(str(folder))}")
    typer.echo(f"  neuplug plugins check {folder.name}")
    typer.echo(f"  neuplug compose {KINDS[kind].use.replace('THE_NAME', name)}")


def _names(incomplete: str) -> list[str]:
    from neuplug.plugins.registry import discover

    names = {spec.name for spec in discover().components}
    return sorted(name for name in names if name.startswith(incomplete))


def show(
    name: Annotated[
        str,
        typer.Argument(
            help="A component, such as dcgan or neuplug-dcgan:dcgan.", autocompletion=_names
        ),
    ],
    kind: Annotated[
        str | None, typer.Option(help="The component's kind, such as augmenter or generator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a component's options: type, default, bounds and meaning."""
    if kind is not None and kind not in COMPONENTS:
        raise InputError(
            f"--kind {kind}: no such kind.{did_you_mean(kind, COMPONENTS)} "
            f"There are: {', '.join(COMPONENTS)}."
        )
    from neuplug.experiment.config import TRAINING
    from neuplug.plugins.loading import named_faults
    from neuplug.plugins.registry import discover
    from neuplug_testing.options import bounded_rows

    if name.lower() == TRAINING:
        raise InputError(
            "training is no component: its options are those of the training loop, which "
            "'neuplug compose --help' lists."
        )
    provided = discover().resolve(name.lower(), COMPONENTS if kind is None else (kind,))
    component = provided.load()
    with named_faults(provided):
        rows = bounded_rows(component.options_class)
    about = (component.__doc__ or provided.component.summary).strip().splitlines()[0]
    if as_json:
        found = {**record(provided), "description": about, "options": rows}
        typer.echo(json.dumps(found, indent=2))
        return
    console = make_console()
    console.print(f"{provided.name}: {provided.kind} of {provided.source}", style="bold")
    console.print(about)
    if not rows:
        console.print("It has no options.")
        return
    console.print()
    titles = ("option", "type", "default", "bounds", "meaning")
    print_columns(console, [titles, *(tuple(row.values()) for row in rows)])
    console.print()
    console.print(f"Set one with --set {provided.name}.{rows[0]['name']}=VALUE")


def _options(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Component names to the options that ``--set`` gives them."""
    from neuplug.experiment.config import over, setting

    values: dict[str, Any] = {}
    for item in settings:
        values = over(values, setting(item))
    options: dict[str, dict[str, Any]] = values.pop("options", {})
    return options | values  # training's, if any: refused by name, as no component has it


@contextlib.contextmanager
def _counting(quiet: bool) -> Iterator[Callable[[int, str], None]]:
    """A line that counts on a terminal, and nothing elsewhere."""
    from rich.console import Console

    console = Console(emoji=False, file=sys.stderr, quiet=quiet)
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
