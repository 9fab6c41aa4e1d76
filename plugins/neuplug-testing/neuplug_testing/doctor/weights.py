"""Which components can start from files of weights, and which of these are there.

That an option takes such a file is seen from its type, a path; that published weights are there,
from whether the component accepts the word that stands for them. So this holds for any plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from neuplug.errors import InputError
from neuplug.plugins.component import Options
from neuplug.plugins.registry import ComponentSpec
from neuplug_testing.doctor.finding import COMPONENT, Part
from neuplug_testing.doctor.probing import Probed


def look(probed: Probed) -> Part:
    """What the components said of themselves, and torch's folder of weights."""
    folder = probed.facts("torch").get("weights")
    files = sorted(Path(folder).glob("*.pt*")) if folder else []
    components = [step for step in probed.found if step.startswith(COMPONENT)]
    options = [option for step in components for option in probed.found[step]]
    named = [{"name": file.name, "bytes": file.stat().st_size} for file in files]
    return Part("weights", {"folder": folder, "files": named, "options": options})


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
        if Path in _members(field.annotation):
            words = [word for word in _words(field.annotation) if word != field.default]
            choices = [_choice(options, provided.name, name, word) for word in words]
            option = f"{provided.name}.{name}"
            about = field.description or ""
            found.append({"option": option, "description": about, "choices": choices})
    return found


def _choice(options: type[Options], owner: str, name: str, word: str) -> dict[str, Any]:
    try:
        options.parse({name: word}, owner)
    except InputError as error:
        return {"value": word, "found": False, "message": str(error)}
    return {"value": word, "found": True, "message": ""}


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
