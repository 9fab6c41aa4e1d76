"""A component's options: typed, bounded, refused in one sentence. Loads without torch."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from neuplug.errors import InputError, did_you_mean


class Options(BaseModel):
    """Base of a component's options: unknown names and values out of range are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @classmethod
    def parse(cls, values: Mapping[str, Any], owner: str) -> Self:
        """Validate ``values``; text as typed after ``--set`` is accepted for every type.

        Args:
            values: Option names and values.
            owner: The component's name, for messages.

        Raises:
            InputError: A sentence, on a line of its own, for each name or value that is wrong.

        Example:
            >>> class BlurOptions(neuplug.Options):
            ...     radius: float = 1.0
            >>> BlurOptions.parse({"radius": "2.5"}, "blur").radius
            2.5
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InputError(sentences(error, cls, owner)) from None


def sentences(error: ValidationError, model: type[BaseModel], owner: str) -> str:
    """Turn pydantic's complaints into lines such as ``dcgan.lr = -1: ...``, one for each value.

    Args:
        error: From validating ``model``.
        model: Tells what names there are.
        owner: What the model's fields belong to, for a person.
    """
    lines: dict[tuple[Any, ...], str] = {}
    for found in error.errors():
        depth, known = 0, model.model_fields
        for part in found["loc"]:
            if part not in known:
                break
            depth, known = depth + 1, getattr(known[str(part)].annotation, "model_fields", {})
        # each member of a union complains of the same value: the first one is enough
        lines.setdefault(
            (found["loc"][:depth], repr(found["input"])), _sentence(found, owner, known)
        )
    return "\n".join(lines.values())


def _sentence(found: Mapping[str, Any], owner: str, known: Collection[str]) -> str:
    *above, name = (owner, *(part for part in found["loc"] if isinstance(part, str)))
    where, kind = ".".join((*above, name)), found["type"]
    if kind == "extra_forbidden":
        hint = did_you_mean(name, known) or f" It has: {', '.join(sorted(known)) or 'none'}."
        return f"{above[-1]} has no option {name!r}.{hint}"
    if kind == "missing":  # its input is all that was given
        return f"{where} must be given: it has no default."
    message = found["msg"].removeprefix("Value error, ")
    if kind == "value_error" and (not above or isinstance(found["input"], Mapping)):
        return "\n".join(f"{where}: {line}" for line in message.splitlines())
    given = textwrap.shorten(repr(found["input"]), 200, placeholder=" …")
    return f"{where} = {given}: {message[:1].lower()}{message[1:].rstrip('.')}."
