"""Results as a run leaves them: made up, seeded, and complete."""

from __future__ import annotations

import dataclasses
import math
import random
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from neuplug_tests.lab import ask, ask_once, bars, lab  # noqa: F401 - fixtures

import neuplug
from neuplug.experiment.analysis import statistics, verdicts
from neuplug.experiment.config import resolve
from neuplug.experiment.grammar import parse_arm
from neuplug.experiment.results import Curves, RunResults
from neuplug.experiment.summary.wording import with_notices
from neuplug.training.metrics import METRICS
from neuplug_papers.paper import Paper
from neuplug_report import images, page
from neuplug_report.pictures import Pictures

CLASSES = [
    "crazing",
    "inclusion, non-metallic",
    "patches",
    "pitted surface",
    "rolled-in scale (secondary)",
    "scratches",
]
ARMS = {"none": 0.0, "flip": -0.06, "dcgan": 0.045, "classical+dcgan": 0.01}
CLASSIFIERS = ["mobilenetv2", "smallcnn"]
TEST_IMAGES = 54
EPOCH_STEPS = 20
CHECKPOINTS = {20: 0.31, 50: 0.12, 100: 0.19}
"""Epoch to the distance of the kept generator."""


@dataclasses.dataclass(frozen=True)
class Arm:
    """An arm of made-up results; ``size`` is its number of real images where it is one of many."""

    base: str
    gain: float
    size: int | None = None

    @property
    def suffix(self) -> str:
        return "" if self.size is None else f" ({self.size} per class)"

    @property
    def name(self) -> str:
        return self.base + self.suffix

    @property
    def against(self) -> str:
        return f"none{self.suffix}"

    def entry(self) -> dict[str, Any]:
        """As in ``arms``."""
        about = {"name": self.name, "base": self.base, "per_class": self.size}
        return about | {"against": self.against, "control": False, "stages": []}


def make_results(
    folder: Path,
    *,
    repeats: int = 3,
    classes: list[str] | None = None,
    arms: dict[str, float] | None = None,
    classifiers: list[str] | None = None,
    simulated: bool = True,
    curves: bool = True,
    sizes: list[int] | None = None,
    score_all: bool = False,
) -> dict[str, Any]:
    """All of ``results.json`` with the curves in the cells and fits that they are of.

    ``arms`` maps names to what they add to the accuracy. See :func:`typed`.
    """
    rng = random.Random(7)
    classes, gains = classes or CLASSES, arms or ARMS
    classifiers = classifiers or CLASSIFIERS
    all_arms = [Arm(base, gain, n) for n in sizes or [None] for base, gain in gains.items()]
    cells = [
        _cell(rng, classes, arm, classifier, repeat)
        for arm in all_arms
        for classifier in classifiers
        for repeat in range(repeats)
    ]
    for cell in cells:
        cell["curves"] = cell["curves"] if curves else {}
        cell["all_images"] = cell["train"] = cell["test"] if score_all else None
    fits = [
        _fit(rng, arm, name, repeat)
        for arm in all_arms
        if "dcgan" in arm.base and curves
        for name in classes
        for repeat in range(repeats)
    ]
    return {
        "format": 4,
        "neuplug": "0.1.0",
        "request": "5f0c3a9e41b7",
        "name": "steel-40",
        "created": "2026-11-19T14:03:27+00:00",
        "command": "neuplug compose --aug flip --aug dcgan --clf mobilenetv2 --repeats 3",
        "folder": str(folder),
        "config": {"data": {"source": "demo", "imgsz": [64, 64]}, "repeats": repeats, "seed": 0},
        "data": _data(classes, simulated),
        "leak": None,
        "provenance": {},
        "protocol": {
            "device": "cpu",
            "versions": {"python": "3.12.4", "torch": "2.15.0", "neuplug": "0.1.0"},
            "sentences": [
                "All arms train for the same number of optimiser steps.",
                "Validation and test hold real images only.",
            ],
        },
        "arms": [arm.entry() for arm in all_arms],
        "classifiers": classifiers,
        "profiles": {name: PROFILES.get(name, PROFILES["smallcnn"]) for name in classifiers},
        "cells": cells,
        "summary": _summary(cells, classes, all_arms, classifiers),
        "metric": "accuracy",
        "learnt": [],
        "looks": [{"repeats": repeats, "level": 0.05}],
        "comparisons": _comparisons(cells, all_arms, classifiers),
        "doses": [],
        "generators": fits,
        "filtered": [],
        "pictures": [],
        "unpictured": [],
        "evaluations": [
            {
                "evaluator": "fid",
                "key": f"fid{repeat}",
                "arm": all_arms[-1].name if "dcgan" not in gains else f"dcgan{all_arms[0].suffix}",
                "classifier": None,
                "repeat": repeat,
                "metrics": [number("inception-v3, resized to 299", 88.0 + 4 * rng.random(), n=240)],
                "figures": [],
                "warnings": [],
                "error": None,
            }
            for repeat in range(repeats)
        ],
        "evaluators": {"fid": SILENT},
        "warnings": ["12 images are smaller than 64 x 64 and were enlarged."],
        "cost": {"generators_seconds": 1925.0, "classifiers_seconds": 656.0},
        "arm_costs": [],
        "learning": [],
    }


def number(name: str, value: float, class_name: str | None = None, **about: Any) -> dict[str, Any]:
    """A metric of an evaluator."""
    return dataclasses.asdict(neuplug.Metric(name, value, class_name, **about))


SILENT: dict[str, Any] = {"title": "", "guide": ""}
"""Of an evaluator that says nothing of itself."""


def typed(raw: dict[str, Any]) -> RunResults:
    """Results as they are read from a file, with the warnings of all parts."""
    parts = {
        name: [{k: v for k, v in entry.items() if k not in MOVED} for entry in raw[name]]
        for name in ("cells", "generators")
    }
    others = {k: v for k, v in raw.items() if k not in OF_THE_REPORT}
    return with_notices(RunResults.model_validate({**others, **parts}))


def curves_of(raw: dict[str, Any]) -> Curves:
    """The curves of results."""
    cells, fits = raw["cells"], raw["generators"]
    return Curves(
        format=4,
        classifiers={cell["key"]: cell["curves"] for cell in cells},
        generators={fit["key"]: fit["curves"] for fit in fits},
        units={fit["key"]: fit.get("units", {}) for fit in fits},
        checkpoints={fit["key"]: fit["checkpoints"] for fit in fits},
    )


def save(raw: dict[str, Any], folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(typed(raw).model_dump_json(), "utf-8")
    shown = Pictures.model_validate({name: raw[name] for name in OF_THE_REPORT})
    (folder / "samples").mkdir(exist_ok=True)
    (folder / "samples" / "pictures.json").write_text(shown.model_dump_json(), "utf-8")
    (folder / "curves.json").write_text(curves_of(raw).model_dump_json(), "utf-8")


OF_THE_REPORT = ("pictures", "unpictured")
MOVED = ("curves", "units", "checkpoints")


PROFILES: dict[str, dict[str, Any]] = {
    "mobilenetv2": {
        "parameters": 2_231_558, "multiply_adds": 24_470_000, "latency_ms": 8.14, "threads": 2,
    },
    "smallcnn": {
        "parameters": 94_214, "multiply_adds": 3_090_000, "latency_ms": 0.618, "threads": 2,
    },
}  # fmt: skip


def _cell(
    rng: random.Random, classes: list[str], arm: Arm, classifier: str, repeat: int
) -> dict[str, Any]:
    each = max(TEST_IMAGES // len(classes), 1)
    base = 0.82 + arm.gain + 0.02 * repeat + (0.03 if classifier == "mobilenetv2" else 0.0)
    confusion = [[0] * len(classes) for _ in classes]
    for i in range(len(classes)):
        for _ in range(each):
            right = rng.random() < base
            confusion[i][i if right else rng.randrange(len(classes))] += 1
    f1 = {name: min(1.0, base + rng.gauss(0, 0.02)) for name in classes}
    wiggle = lambda: rng.gauss(0, 0.006)  # noqa: E731
    return {
        "key": f"{arm.name} {classifier} {repeat}",
        "arm": arm.name,
        "classifier": classifier,
        "repeat": repeat,
        "test": {
            "accuracy": base + wiggle(),
            "precision": base + wiggle(),
            "recall": base + wiggle(),
            "f1": base + wiggle(),
            "loss": 0.9 - 0.6 * base + wiggle(),
            "per_class": {
                name: {"precision": v, "recall": v, "f1": v, "support": each}
                for name, v in f1.items()
            },
            "confusion": confusion,
        },
        "test_images": TEST_IMAGES,
        "train_images": {"real": 240} | ({"dcgan": 240} if "dcgan" in arm.base else {}),
        "steps": 400,
        "seconds": 26.0,
        "device": "cpu",
        "torch": "2.15.0",
        "curves": {
            "train_loss": [
                [s, 1.8 * math.exp(-s / 120) + 0.05 * rng.random()] for s in range(0, 400, 10)
            ],
            "val_loss": [
                [s, 1.6 * math.exp(-s / 150) + 0.3 + 0.04 * rng.random()] for s in range(0, 400, 50)
            ],
        },
    }


def _fit(rng: random.Random, arm: Arm, name: str, repeat: int) -> dict[str, Any]:
    steps = range(0, 2000, 5)
    return {
        "stage": "dcgan",
        "arm": arm.name,
        "class_name": name,
        "repeat": repeat,
        "run": 0,
        "images": 40,
        "key": f"{arm.name} {name} {repeat}",
        "checkpoints": [],
        "epoch_steps": None,
        "seconds": 53.0,
        "curves": {
            "discriminator": [
                [s, 0.6 + 0.4 * math.exp(-s / 300) + rng.gauss(0, 0.12)] for s in steps
            ],
            "generator": [[s, 2.2 - 1.2 * math.exp(-s / 500) + rng.gauss(0, 0.35)] for s in steps],
        },
        "warnings": [],
    }


def _data(classes: list[str], simulated: bool) -> dict[str, Any]:
    return {
        "source": "demo",
        "simulated": simulated,
        "layout": "one folder for each class",
        "classes": classes,
        "imgsz": [64, 64],
        "channels": 1,
        "counts": dict.fromkeys(classes, 58),
        "train": dict.fromkeys(classes, 40),
        "val": dict.fromkeys(classes, 9),
        "test": dict.fromkeys(classes, 9),
        "left_out": dict.fromkeys(classes, 0),
        "skipped": [["patches/broken.jpg", "truncated file"]],
        "exact_duplicates": 2,
        "exact_duplicate_images": 5,
        "near_duplicate_groups": None,
        "near_duplicate_images": None,
        "images_digest": "0f" * 32,
    }


def _summary(
    cells: list[dict[str, Any]], classes: list[str], arms: list[Arm], classifiers: list[str]
) -> list[dict[str, Any]]:
    entries = []
    for arm in (a.name for a in arms):
        for classifier in classifiers:
            members = [c for c in cells if (c["arm"], c["classifier"]) == (arm, classifier)]
            tests = [c["test"] for c in members]
            values = {(m, None): [test[m] for test in tests] for m in METRICS}
            for name in classes:
                values["f1", name] = [test["per_class"][name]["f1"] for test in tests]
            for (metric, name), found in values.items():
                about = {"arm": arm, "classifier": classifier, "metric": metric}
                about["class_name"] = name
                entries.append(about | dict(statistics.estimate(found)))
    return entries


def _comparisons(
    cells: list[dict[str, Any]], arms: list[Arm], classifiers: list[str]
) -> list[dict[str, Any]]:
    entries = []
    for arm in (a for a in arms if a.name != a.against):
        for classifier in classifiers:
            ours, theirs = (
                [c["test"]["accuracy"] for c in cells if (c["arm"], c["classifier"]) == key]
                for key in ((arm.name, classifier), (arm.against, classifier))
            )
            test_images = sum(p["support"] for p in cells[0]["test"]["per_class"].values())
            found = statistics.paired_difference(
                [
                    # so many images more are right as the accuracies say
                    np.where(np.arange(test_images) < abs(a - b) * test_images, np.sign(a - b), 0)
                    for a, b in zip(ours, theirs, strict=True)
                ],
                [np.arange(test_images) + test_images * repeat for repeat in range(len(ours))],
            )
            entries.append(
                {"arm": arm.name, "classifier": classifier, "against": arm.against}
                | {"question": "none", "metric": "accuracy", **dict(found), "adjusted_p": found.p}
                | {"adjusted_equivalent": found.p_equivalent, "margin": 0.02, "family": 1}
                | {"candidates": 1, "verdict": verdicts.verdict(found, found.p)}
            )
    return entries


def recipe_results(folder: Path, recipe: str, budget: str, **changes: Any) -> dict[str, Any]:
    """:func:`make_results` of a recipe at a budget."""
    config = resolve(flags={"recipe": recipe, "budget": budget, "data": "images"}, environment={})
    labels = [parse_arm(text).label or text for text in config.aug]
    results = make_results(
        folder,
        arms={"none": 0.0} | {label: 0.01 * i for i, label in enumerate(labels)},
        classifiers=[name.rpartition(":")[2] for name in config.clf],
        sizes=[n for n in config.subsets() if n is not None] or None,
        score_all=config.score_all,
        **{"curves": False, "repeats": config.repeats, **changes},
    )
    results["evaluations"] = [
        results["evaluations"][0]
        | {
            "evaluator": table.evaluator,
            "arm": row.arm,
            "repeat": repeat,
            "key": f"{row.arm}{repeat}",
        }
        | {"metrics": [number(m.name, 120.0 + repeat, m.class_name) for m in table.metrics]}
        for table in Paper.load(recipe).published
        if table.evaluator is not None
        for row in table.rows
        for repeat in range(results["config"]["repeats"])
    ]
    results["evaluators"] = {e["evaluator"]: SILENT for e in results["evaluations"]}
    results["config"] |= config.model_dump(mode="json", include={"recipe", "budget", "per_class"})
    return results


def share_fits(results: dict[str, Any], arm: str) -> None:
    """Let ``arm`` draw from the generators that another arm has trained."""
    name = results["arms"][1]["name"]
    extra = [dict(fit, arm=arm) for fit in results["generators"] if fit["arm"] == name]
    results["generators"] = [f for f in results["generators"] if f["arm"] != arm] + extra


def add_checkpoints(results: dict[str, Any]) -> None:
    """Let every generator keep checkpoints and count in epochs."""
    for i, fit in enumerate(results["generators"]):
        fit["epoch_steps"] = EPOCH_STEPS
        fit["checkpoints"] = [
            [epoch * EPOCH_STEPS, distance * (1 + 0.1 * i)]
            for epoch, distance in CHECKPOINTS.items()
        ]


VOID = {"meta", "img", "br", "link", "input", "hr", "source"}


class Page(HTMLParser):
    """A page as (tag, attributes) in order, and its text as the reader sees it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[tuple[tuple[str, ...], str]] = []
        self.rows: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.parts.append((tuple(self.open), data))
        if "tr" in self.open:
            self.rows[-1] += data

    @property
    def text(self) -> str:
        shown = (data for path, data in self.parts if "style" not in path)
        return re.sub(r"\s+", " ", " ".join(shown)).strip()

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def row(self, first: str, nth: int = 0) -> str:
        rows = [re.sub(r"\s+", " ", row).strip() for row in self.rows]
        return [row for row in rows if row.startswith(first)][nth]


SMALL: dict[str, Any] = {
    "classes": ["crazing", "patches"],
    "arms": {"none": 0.0, "dcgan": 0.045},
    "classifiers": ["smallcnn"],
}

HOSTILE = ["<b>bold</b>\"'&", "$x^2$ [red]", "\x1b[31mesc\nline", "锈 \udcff"]
"""Class names that a folder on a real disk may have."""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Make results for a run in ``tmp_path``: small ones unless told otherwise."""

    return lambda **changes: make_results(tmp_path, **(SMALL | changes))


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder, and the results of a small run of two repeats; not to be changed."""
    folder = tmp_path_factory.mktemp("small")
    return folder, make_results(folder, repeats=2, **SMALL)


@pytest.fixture
def make_recipe(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Make results of a recipe at a budget."""
    return lambda recipe, budget="smoke", **changes: recipe_results(
        tmp_path, recipe, budget, **changes
    )


@pytest.fixture
def with_checkpoints() -> Callable[[dict[str, Any]], None]:
    """Let every generator keep checkpoints and count in epochs."""
    return add_checkpoints


@pytest.fixture
def sharing() -> Callable[[dict[str, Any], str], None]:
    """Let an arm draw from the generators that the first one has trained."""
    return share_fits


@pytest.fixture
def full(tmp_path: Path) -> dict[str, Any]:
    """Results of six classes, four arms, two classifiers and three repeats."""
    return make_results(tmp_path)


@pytest.fixture(scope="session")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of a full run, its report and figures written, and its results."""
    folder = tmp_path_factory.mktemp("run")
    results = make_results(folder)
    tiles = torch.arange(6 * 2 * 8 * 8).remainder(256).to(torch.uint8).reshape(6, 2, 1, 8, 8)
    images.side_by_side(tiles, 255 - tiles, tuple(CLASSES), folder / "samples" / "dcgan.png")
    results["pictures"] = [
        {
            "title": "dcgan, repeat 1",
            "kind": "side-by-side",
            "file": "samples/dcgan.png",
            "caption": "Two training images of each class and two that dcgan drew.",
        }
    ]
    save(results, folder)
    page.write_report(folder)
    return folder, results


@pytest.fixture
def report(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Write a report for results into ``tmp_path`` and return the page."""

    def write(results: dict[str, Any]) -> str:
        save(results, tmp_path)
        return page.write_report(tmp_path).read_text(encoding="utf-8")

    return write


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Page]:
    """Read the text of a page."""
    return Page


@pytest.fixture
def show(report: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], Page]:
    """Write a report for results and read it."""
    return lambda results: Page(report(results))


@pytest.fixture
def hostile() -> list[str]:
    """Class names that a folder on a real disk may have."""
    return list(HOSTILE)
