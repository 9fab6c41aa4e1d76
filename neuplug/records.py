"""What files of results consist of: frozen values, checked when made and when read. Light."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from neuplug.text import printable


def _describe(schema: dict[str, Any], kind: type[BaseModel]) -> None:
    """Take the descriptions of fields from where docstrings have them: from ``Attributes``."""
    for base in reversed(kind.__mro__):
        said, _, attributes = (inspect.getdoc(base) or "").partition("\nAttributes:\n")
        attributes = attributes.partition("\n\n")[0]
        for name, text in re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", attributes, re.MULTILINE):
            if name in schema["properties"]:
                schema["properties"][name]["description"] = " ".join(text.split())
    schema["description"] = said.partition("\nExample:")[0].strip()


class Record(BaseModel):
    """A part of a file that a run writes.

    It never changes, has no field that it does not name, no number that is not finite, and no text
    that is not printable (:func:`neuplug.printable`): names in it are as people read them.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=_describe
    )

    @model_validator(mode="before")
    @classmethod
    def _shown(cls, values: Any) -> Any:
        return _printable(values)


def _printable(node: Any) -> Any:
    """The same tree, with every text in it and every key printable."""
    if isinstance(node, str):
        return printable(node)
    if isinstance(node, dict):
        return {_printable(key): _printable(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_printable(value) for value in node]
    return node
