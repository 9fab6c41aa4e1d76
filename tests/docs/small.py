"""A command of the texts with its own arms, options and data, and a budget of seconds."""

from __future__ import annotations

import itertools
import re

FEW = {"--imgsz": "32", "--steps": "2", "--repeats": "1", "--workers": "0", "--project": "runs"}
GAN = {"steps": "2", "ngf": "8", "ndf": "8"}
GENERATORS = {"dcgan": GAN, "edcgan": GAN, "vae": {"steps": "2"}}


def small(words: list[str]) -> list[str]:
    """The small figures stand in the place of those of the text.

    Args:
        words: A ``compose`` as it is typed, without ``neuplug``.

    Raises:
        AssertionError: Something in it would make it long, and nothing here makes it short.
    """
    typed = list(itertools.pairwise(words))
    given = dict(typed)
    if "--recipe" in given:
        return [*words, "--budget", "smoke", "--workers", "0", "--project", "runs"] + (
            ["--device", "cpu"] if "--device" in given else []
        )
    figures = {**FEW, "--per-class": "4,6" if "," in given.get("--per-class", "") else "4"}
    if "--add" in given:
        figures["--add"] = "8"
    settings = [setting.partition("=")[0] for flag, setting in typed if flag == "--set"]
    names = {name for flag, arm in typed if flag == "--aug" for name in re.split(r"[+@]", arm)}
    for name in sorted(names & GENERATORS.keys()):
        options = GENERATORS[name]
        if f"{name}.layout" in settings:  # a published network has its own width
            options = {"steps": "2"}
        words = [*words, *(f"--set={name}.{option}={n}" for option, n in options.items())]
    kept = [
        word
        for before, word in itertools.pairwise(["", *words])
        if word not in figures and before not in figures
    ]
    return [*kept, *itertools.chain.from_iterable(figures.items())]
