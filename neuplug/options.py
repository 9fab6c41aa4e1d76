"""A component's options: typed, bounded, refused in one sentence. Loads without torch."""

from __future__ import annotations

from collections.abc import Mapping
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
            InputError: One sentence for the first thing that is wrong.

        Example:
            >>> class BlurOptions(neuplug.Options):
            ...     radius: float = 1.0
            >>> BlurOptions.parse({"radius": "2.5"}, "blur").radius
            2.5
        """
        for name in values:
            if name not in cls.model_fields:
                known = ", ".join(sorted(cls.model_fields)) or "none"
                hint = did_you_mean(name, cls.model_fields)
                raise InputError(f"{owner} has no option {name!r}.{hint} It has: {known}.")
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InputError(f"{owner}{validation_sentence(error)}") from None


def validation_sentence(error: ValidationError) -> str:
    """Turn pydantic's first complaint into ``.option = value: what is wrong``."""
    first = error.errors()[0]
    where = "".join(f".{part}" for part in first["loc"] if isinstance(part, str))
    message = first["msg"].removeprefix("Value error, ")
    if where and first["type"] == "missing":  # its input is all that was given
        return f"{where} must be given: it has no default."
    if not where:
        return f": {message}"
    return f"{where} = {first['input']!r}: {message[:1].lower()}{message[1:]}."
