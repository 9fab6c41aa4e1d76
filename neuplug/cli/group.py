"""Commands and groups that load nothing before they are used; plugins add commands to them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from neuplug.errors import InputError
from neuplug.plugins.commands import CommandSpec, plugged_commands

if TYPE_CHECKING:
    from typer.core import TyperOption


class LightGroup(TyperGroup):
    """A group with commands of its own, and those that plugins add behind its words."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Click's ``--help``, off by default.

        Typer leaves it at ``None`` and imports pydantic to turn that into a bool.
        """
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, sorted."""
        return sorted({*super().list_commands(ctx), *_plugged(ctx)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, of which only the name and a line of help are loaded."""
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        offers = _plugged(ctx).get(cmd_name, [])
        if not offers:
            return None
        if len(offers) > 1:
            names = " and ".join(offer.distribution for offer in offers)
            raise InputError(
                f"the command {offers[0].words!r} is offered by {names}: uninstall one, or name it "
                "in NEUPLUG_BLOCK."
            )
        return LazyCommand(cmd_name, offers[0].load, offers[0].summary())

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


def _plugged(ctx: Any) -> dict[str, list[CommandSpec]]:
    """The commands that plugins add to a group, by name."""
    prefix = ctx.command_path.split()[1:]
    found: dict[str, list[CommandSpec]] = {}
    for command in plugged_commands():
        *group, name = command.words.split()
        if group == prefix:
            found.setdefault(name, []).append(command)
    return found


class LazyCommand(TyperCommand):
    """A command of which the name and a line of help are known; the rest is imported when used.

    Args:
        name: What is typed.
        load: Returns a function or a Typer application.
        summary: The first sentence of its help.
    """

    def __init__(self, name: str, load: Callable[[], Any], summary: str) -> None:
        super().__init__(name, help=summary)
        self._name, self._load = name, load

    def load(self) -> Any:
        """The command itself."""
        found = self._load()
        parent = typer.Typer()
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self._name)
        else:
            parent.command(self._name)(found)
        return typer.main.get_group(parent).commands[self._name]


def load_target(target: str) -> Any:
    """What ``module:attribute`` names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
