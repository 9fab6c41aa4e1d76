"""``neuplug plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer

from neuplug.cli import LightGroup
from neuplug.cli.printing import make_console, print_columns
from neuplug.plugins import registry
from neuplug.plugins.hookspecs import KINDS
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
    components = [record(p) for kind in KINDS for p in found.of_kind(kind)]
    _print_json({"components": components, "problems": problems})


def record(provided: ComponentSpec) -> dict[str, Any]:
    """A component as JSON values."""
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
    for kind in KINDS:
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
