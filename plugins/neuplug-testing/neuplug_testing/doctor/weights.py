"""Which components can start from files of weights, and which of these are there.

That an option takes such a file is seen from its type, a path; that published weights are there,
from whether the component accepts the word that stands for them. So this holds for any plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from neuplug.errors import InputError
from neuplug.plugins.spec import ComponentSpec
from neuplug_testing.doctor.finding import Part
from neuplug_testing.doctor.probe import COMPONENT
from neuplug_testing.doctor.probing import Probed


def look(probed: Probed) -> Part:
    """What the components said of themselves, and torch's folder of weights."""
    folder = probed.facts("torch").get("weights")
    files = sorted(Path(folder).glob("*.pt*")) if folder else []
    options = [
        option
        for step, found in probed.found.items()
        if step.startswith(COMPONENT)
        for option in found
    ]
    return Part(
        {
            "folder": folder,
            "files": [{"name": file.name, "bytes": file.stat().st_size} for file in files],
            "options": options,
        }
    )


def weight_options(provided: ComponentSpec) -> list[dict[str, Any]]:
    """Load a component; which of its options take a file.

    Returns:
        For each ``option`` (``resnet18.weights``), its ``description`` and ``choices``: each word
        that may stand in a file's place, whether it can be used (``found``), and else why not.

    Raises:
        PluginError: If the component cannot be loaded.
    """
    options = provided.load().options_class
    found = []
    for name, field in options.model_fields.items():
        if Path not in _members(field.annotation):
            continue
        words = [w for w in _words(field.annotation) if w != field.default]
        choices = []
        for word in words:
            try:
                options.parse({name: word}, provided.name)
                why = ""
            except InputError as error:
                why = str(error)
            choices.append({"value": word, "found": not why, "message": why})
        found.append(
            {
                "option": f"{provided.name}.{name}",
                "description": field.description or "",
                "choices": choices,
            }
        )
    return found


def _members(annotation: Any) -> Iterator[Any]:
    """The types of a union, however deep."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _members(part)


def _words(annotation: Any) -> Iterator[str]:
    for part in _members(annotation):
        if get_origin(part) is Literal:
            yield from (word for word in get_args(part) if isinstance(word, str))
