"""Commands and groups that load nothing before they are used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer.core import TyperOption


class LightGroup(TyperGroup):
    """A group whose ``--help`` option has a value from the start.

    Typer leaves it at ``None`` and imports pydantic to turn that into a bool, in every command.
    """

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Click's ``--help``, off by default."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


class LazyCommand(TyperCommand):
    """A command of which the name and a line of help are known; the rest is imported when used.

    Args:
        name: What is typed.
        target: ``module:attribute`` of a function or of a Typer application, as in an entry point.
        summary: The first sentence of its help.
    """

    def __init__(self, name: str, target: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self._name, self._target = name, target

    def load(self) -> Any:
        """The command itself."""
        module, _, attribute = self._target.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        parent = typer.Typer()
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self._name)
        else:
            parent.command(self._name)(found)
        return typer.main.get_group(parent).commands[self._name]
