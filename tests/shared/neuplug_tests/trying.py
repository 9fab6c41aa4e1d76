"""What one does with neuplug where it is installed, as small as can be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .environments import Environment

TINY = (
    "--classes crazing,patches --imgsz 32 --steps 2 --per-class 4 --repeats 1 --workers 0 --json"
).split()
SMALL = {
    "dcgan": ["--set", "dcgan.steps=2", "--set", "dcgan.ngf=4", "--set", "dcgan.ndf=4"],
    "vae": ["--set", "vae.steps=2", "--set", "vae.width=4"],
}


def compose(
    made: Environment,
    arms: Iterable[str],
    classifiers: Iterable[str],
    *words: str,
    where: Path,
) -> Any:
    """What ``neuplug compose`` answers on demo images."""
    asked = [word for arm in arms for word in ("--aug", arm, *SMALL.get(arm, ()))]
    asked += [word for name in classifiers for word in ("--clf", name)]
    return made.answer("neuplug", "compose", *asked, *TINY, *words, where=where)


def checked(made: Environment, plugin: str, *, where: Path) -> list[dict[str, str]]:
    """What ``neuplug plugins check`` finds, no law being broken."""
    done = made.run("neuplug", "plugins", "check", plugin, "--json", where=where)
    outcomes: list[dict[str, str]] = json.loads(done.stdout)
    assert [o for o in outcomes if o["status"] == "failed"] == []
    assert done.returncode == 0, done.stderr
    return outcomes
