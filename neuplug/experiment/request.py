"""The key of a question: two runs with the same key have the same answer. Loads no torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuplug import __version__, data
from neuplug.data.listing import FORMAT
from neuplug.errors import Problems
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.identity import file_digests, identity
from neuplug.experiment.recipes import load_recipe
from neuplug.plugins.registry import discover
from neuplug.storage.store import hash_of

if TYPE_CHECKING:
    from neuplug.data.imageset import ImageSet

# Settings that do not change the question
NOT_ASKED = {"project", "name", "workers", "device", "executor", "report", "reporter"}


def request_key(config: ComposeConfig, images: ImageSet | None = None) -> str:
    """Hash of the settings, the data's files, and the code of every component that takes part.

    Raises:
        InputError: If the data is not there or a component does not exist.
    """
    return hash_of(
        {
            "neuplug": __version__,
            "config": config.model_dump(mode="json", exclude=NOT_ASKED),
            "data": [FORMAT, _data_key(config, images)],
            "components": _components(config),
            "recipe": load_recipe(config.recipe).model_dump(mode="json") if config.recipe else None,
            "files": [
                file_digests(values)
                for values in (*config.options.values(), *(o for *_, o in config.components()))
            ],
        }
    )


def run_folder(config: ComposeConfig, request: str) -> Path:
    """The run's folder: the name asked for, or one made of the data, the arms and the key."""
    if config.name is not None:
        return config.project / config.name
    words = [Path(config.data).stem, *config.aug[:2], *config.clf[:1], request[:6]]
    return config.project / "-".join(re.sub(r"[^\w.+@=]+", "_", word) for word in words)


def _data_key(config: ComposeConfig, images: ImageSet | None) -> str:
    if images is not None:
        return images.digest()
    if config.data == "demo":
        source = Path(data.__file__).with_name("demo.py")  # importing it would load torch
        return hash_of(source.read_text("utf-8"))
    from neuplug.data.layouts import scan
    from neuplug.data.listing import fingerprint

    return fingerprint(scan(Path(config.data)))


def _components(config: ComposeConfig) -> list[dict[str, Any]]:
    registry, problems, found = discover(), Problems(), []
    for name, kinds in dict.fromkeys((name, kinds) for name, kinds, _ in config.components()):
        with problems.noted():
            found.append(identity(registry.resolve(name, kinds)))
    problems.refuse()
    return found
