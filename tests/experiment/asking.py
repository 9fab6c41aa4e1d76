"""What the tests of keys do in a process of their own, in which no plugin is imported yet."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import neuplug
from neuplug.experiment.events import AnyEvent, Planned, Sink


def act(does: Callable[..., str]) -> Callable[..., str]:
    """Have it done with these plugins and this environment."""

    @functools.wraps(does)
    def prepared(paths: list[str], environment: dict[str, str], place: str, *arguments: Any) -> str:
        sys.path[:0] = paths
        os.environ.update(environment)
        return does(Path(place), *arguments)

    return prepared


def ask(place: Path, workers: int = 0, on_event: Sink | None = None) -> str:
    """Ask; the answer is empty, or why there is none."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (16, 1, 28, 28), generator=rng, dtype=torch.uint8)
    names = tuple(map(str, range(16)))
    try:
        neuplug.compose(
            neuplug.ImageSet(images, torch.arange(16) % 2, ("odd", "even"), names),
            aug=["watch"], clf=["flat"], per_class=3, repeats=1, workers=workers,
            project=place / "runs", report=False, on_event=on_event,
            training={"steps": 1, "batch": 4},
        )  # fmt: skip
    except neuplug.PluginError as error:
        return str(error)
    return ""


compose = act(ask)


@act
def edit_between(place: Path, file: str, text: str) -> str:
    """Ask, have a file edited so that neither its size nor its time tells, and ask again."""
    said = ask(place)
    path = place / file
    time = path.stat().st_mtime_ns
    assert len(text) == len(path.read_text())
    path.write_text(text)
    os.utime(path, ns=(time, time))
    return said + ask(place)


@act
def import_then_edit(place: Path) -> str:
    """Import a plugin by hand, have it edited, and only then ask."""
    import acme_watch.parts  # noqa: F401

    _edit(place / "site/acme_watch/parts.py")
    return ask(place)


@act
def discover_then_edit(place: Path) -> str:
    """Edit what is not imported yet: nothing old is in memory."""
    neuplug.discover()
    _edit(place / "site/acme_watch/parts.py")
    return ask(place)


@act
def edit_when_planned(place: Path, file: str, text: str, workers: int) -> str:
    """Have a file edited between the planning and the work."""

    def edit(event: AnyEvent) -> None:
        if isinstance(event, Planned):
            (place / file).write_text(text)

    return ask(place, workers, edit)


def _edit(path: Path) -> None:
    path.write_text(path.read_text().replace("OWN = 1", "OWN = 2"))
