"""Commands and groups that load nothing before they are used; plugins add commands to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from neuplug.errors import InputError
from neuplug.plugins.commands import Command, load_command, offered_commands, summary

if TYPE_CHECKING:
    from typer.core import TyperOption


class LightGroup(TyperGroup):
    """A group with the commands that are offered behind its words, by the core and by plugins."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Click's ``--help``, off by default.

        Typer leaves it at ``None`` and imports pydantic to turn that into a bool.
        """
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take in the commands that are offered behind the words typed so far."""
        path = ctx.command_path.split()[1:]
        for words, offers in offered_commands().items():
            *group, name = words.split()
            if group == path:
                self.commands.setdefault(name, LazyCommand(name, offers))
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, sorted."""
        return sorted(super().list_commands(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


class LazyCommand(TyperCommand):
    """A command of which the name and a line of help are known; the rest is imported when used.

    Args:
        name: What is typed, the last word of it.
        offers: Those who offer it, one unless plugins are at odds.
    """

    def __init__(self, name: str, offers: list[Command]) -> None:
        super().__init__(name, help=summary(offers[0]))
        self._name, self._offers = name, offers

    def load(self) -> Any:
        """The command itself.

        Raises:
            InputError: If several plugins offer it.
        """
        if len(self._offers) > 1:
            names = " and ".join(offer.distribution for offer in self._offers)
            raise InputError(
                f"the command {self._offers[0].words!r} is offered by {names}: uninstall one, or "
                "name it in NEUPLUG_BLOCK."
            )
        found, parent = load_command(self._offers[0]), typer.Typer()
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self._name)
        else:
            parent.command(self._name)(found)
        return typer.main.get_group(parent).commands[self._name]
