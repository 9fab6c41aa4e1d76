"""``neuplug recipes``: the published systems that one command runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from neuplug.cli import LightGroup

if TYPE_CHECKING:
    from neuplug_papers.paper import Paper, Published

app = typer.Typer(cls=LightGroup, invoke_without_command=True)


@app.callback()
def recipes(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the recipes for published systems: source, data, cost.

    neuplug compose --recipe reser2020 --data NEU-DET
    """
    if context.invoked_subcommand is not None:
        return
    from neuplug.plugins.registry import discover
    from neuplug_papers.paper import Paper

    names = sorted({spec.name for spec in discover().of_kind("recipe")})
    found = [Paper.load(name) for name in names]
    if as_json:
        typer.echo(json.dumps([_facts(recipe) for recipe in found], indent=1))
        return
    for recipe in found:
        _print(recipe)
    _line("neuplug recipes show NAME prints settings, decisions and published numbers.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A recipe, such as reser2020.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show one recipe: protocols, decisions, settings, published numbers."""
    import yaml

    from neuplug_papers.paper import Paper

    recipe = Paper.load(name)
    if as_json:
        typer.echo(json.dumps(recipe.model_dump(mode="json"), indent=1))
        return
    _print(recipe)
    _line(f"paper's protocol: {recipe.protocols.paper}", 2)
    _line(f"sound protocol: {recipe.protocols.sound}", 2)
    _line("decisions:", 2)
    for decision in recipe.decisions:
        _line(f"- {decision}", 4)
    _line("settings:", 2)
    typer.echo(_indented(yaml.safe_dump(recipe.settings, sort_keys=False)))
    for budget, content in recipe.budgets.items():
        _line(f"settings of --budget {budget}:", 2)
        typer.echo(_indented(yaml.safe_dump(content.settings, sort_keys=False)))
    for table in recipe.published:
        _print_table(table)


def _facts(recipe: Paper) -> dict[str, object]:
    return {
        "name": recipe.name,
        "title": recipe.title,
        "source": recipe.source,
        "data": recipe.data,
        "cost": {budget: content.cost for budget, content in recipe.budgets.items()},
    }


def _print(recipe: Paper) -> None:
    from rich.text import Text

    from neuplug.console import PlainConsole

    console = PlainConsole()
    console.print(Text.assemble((recipe.name, "bold"), f": {recipe.title}"))
    _line(f"source: {recipe.source}", 2)
    _line(f"data: {recipe.data}", 2)
    for budget, content in recipe.budgets.items():
        _line(f"--budget {budget}: {content.cost}", 2)
    typer.echo()


def _line(text: str, indent: int = 0) -> None:
    """Wrapped lines, later ones a little deeper."""
    from rich.padding import Padding
    from rich.text import Text

    from neuplug.console import PlainConsole

    PlainConsole().print(Padding(Text(text), (0, 0, 0, indent)))


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _print_table(table: Published) -> None:
    from rich.table import Table

    from neuplug.console import PlainConsole

    shown = Table(title=table.title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("arm")
    for metric in table.metrics:
        shown.add_column(", ".join(filter(None, (metric.name, metric.class_name))), justify="right")
    for row in table.rows:
        about = [f"{row.per_class} per class"] if row.per_class else []
        about += [row.classifier] if row.classifier else []
        name = row.arm + (f" ({', '.join(about)})" if about else "")
        shown.add_row(name, *("-" if v is None else f"{v:g}" for v in row.values))
    PlainConsole().print(shown)
    if table.note:
        _line(table.note)
    typer.echo()
