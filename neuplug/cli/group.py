"""The command group that keeps ``neuplug plugins`` light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

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
