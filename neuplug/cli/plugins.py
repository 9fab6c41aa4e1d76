"""``neuplug plugins``: what is installed, what is wrong with it, and a component's options."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer

from neuplug.cli import LightGroup
from neuplug.cli.printing import make_console, option_rows, print_columns
from neuplug.errors import InputError, did_you_mean
from neuplug.plugins import registry
from neuplug.plugins.hookspecs import COMPONENTS, HOOKS
from neuplug.plugins.registry import ComponentSpec

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(cls=LightGroup, invoke_without_command=True)


@app.callback()
def plugins(context: typer.Context, as_json: AsJson = False) -> None:
    """List the installed components, and any problems with plugins."""
    if context.invoked_subcommand is not None:
        return
    found = registry.discover()
    if not as_json:
        _print_registry(found)
        return
    problems = [
        {"distribution": p.distribution, "version": p.version, "message": p.message}
        for p in found.problems
    ]
    components = [_record(p) for kind in HOOKS.values() for p in found.of_kind(kind)]
    _print_json({"components": components, "problems": problems})


def _names(incomplete: str) -> list[str]:
    names = {spec.name for spec in registry.discover().components}
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
    provided = registry.discover().resolve(name.lower(), COMPONENTS if kind is None else (kind,))
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
    titles = ("option", "type", "default", "bounds", "meaning")
    print_columns(console, [titles, *(tuple(row.values()) for row in rows)])
    console.print()
    console.print(f"Set one with --set {provided.name}.{rows[0]['name']}=VALUE")


def _record(provided: ComponentSpec) -> dict[str, Any]:
    return {
        "name": provided.name,
        "kind": provided.kind,
        "summary": provided.component.summary,
        "target": provided.component.target,
        "distribution": provided.distribution,
        "version": provided.version,
    }


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2))


def _print_registry(found: registry.Registry) -> None:
    console = make_console()
    offers = Counter(p.name for p in found.offers)
    rows: list[tuple[str, ...]] = []
    for kind in HOOKS.values():
        if components := found.of_kind(kind):
            rows.append((f"{kind}s",))
        for p in components:
            # a name offered more than once is asked for together with its distribution
            name = p.name if offers[p.name] == 1 else f"{p.distribution}:{p.name}"
            rows.append((f"  {name}", p.component.summary, p.source))
    if rows:
        print_columns(console, rows)
    else:
        console.print(
            "no plugin offers a component; install some with pip install 'neuplug[standard]'"
        )
    if found.problems:
        console.print("problems", style="bold red")
        problems = [(f"  {p.distribution} {p.version}", p.message) for p in found.problems]
        print_columns(console, problems)
