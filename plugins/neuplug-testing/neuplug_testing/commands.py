"""``neuplug plugins check`` and ``neuplug plugins new``."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli.printing import make_console, print_columns

if TYPE_CHECKING:
    from neuplug_testing import Outcome

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    distribution: Annotated[str, typer.Argument(help="Installed plugin, such as neuplug-dcgan.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option to check with: component.option=value. Repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin keeps the laws for plugins; exit code 1 if it breaks one."""
    from neuplug_testing import iterate_plugin

    outcomes = []
    options = _options(set_ or [])
    with _spared_output(), _counting(quiet=as_json) as count:
        for outcome in iterate_plugin(distribution, options):
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
    kind: Annotated[str, typer.Option(help="augmenter, generator, classifier or evaluator.")],
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


def _options(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Component names to the options that ``--set`` gives them."""
    from neuplug.experiment.config import over, setting

    values: dict[str, Any] = {}
    for item in settings:
        values = over(values, setting(item))
    options: dict[str, dict[str, Any]] = values.pop("options", {})
    return options | values  # training's, if any: refused by name, as no component has it


@contextlib.contextmanager
def _spared_output() -> Iterator[None]:
    """Send what plugins print, Python or not, to the standard error: a program may read ours."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
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
