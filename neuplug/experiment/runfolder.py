"""The folder that a run leaves: settings, tables, pictures, report, and every image's origin."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from neuplug.experiment.analysis.collect import collect_curves
from neuplug.experiment.analysis.provenance import provenance
from neuplug.experiment.claim import PLAN
from neuplug.experiment.components import versions
from neuplug.experiment.config import to_yaml
from neuplug.experiment.events import FORMAT, infos
from neuplug.experiment.plan import Plan
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.reading import CURVES, RESULTS
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tables import write_csv, write_tables
from neuplug.experiment.tasks import AnyTask
from neuplug.storage.atomic import write_json, write_text, write_whole
from neuplug.storage.names import file_names

SETTINGS = "config.yaml"


def begin(folder: Path, plan: Plan) -> None:
    """Write what is known before the first task.

    Raises:
        NeuplugError: If the plan lets a generator see held-out images.
    """
    plan.provenance = provenance(plan)
    write_text(folder / SETTINGS, to_yaml(plan.config))
    write_json(folder / "env.json", environment(plan))


def add_round(folder: Path, tasks: Sequence[AnyTask]) -> None:
    """Add the tasks of a round to ``plan.json``, which is begun anew if it is damaged."""
    rounds: list[Any] = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((folder / PLAN).read_text("utf-8"))
        rounds = list(found["rounds"]) if found["format"] == FORMAT else []
    rounds.append([info.model_dump(mode="json") for info in infos(tasks)])
    write_json(folder / PLAN, {"format": FORMAT, "rounds": rounds})


def environment(plan: Plan) -> dict[str, Any]:
    """Versions and machine, for the record."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": sys.version.split()[0],
        "gpu": gpu,
        "torch_threads": torch.get_num_threads(),
        "versions": versions(plan.selection.components),
    }


def finish(folder: Path, plan: Plan, bench: TaskContext, results: RunResults) -> None:
    """Write tables and curves; reports are made from these."""
    write_tables(folder, plan, bench, results)
    for evaluation in results.evaluations:
        for figure in evaluation.figures:
            name = figure.split("/", 2)[2]
            content = bench.store.read(evaluation.key, f"figures/{name}")
            write_whole(folder / figure, content)
    if plan.config.save_generated:
        _save_generated(folder, plan, bench)
    write_text(folder / CURVES, collect_curves(plan, bench).model_dump_json() + "\n")
    write_text(folder / RESULTS, results.model_dump_json(indent=1) + "\n")


def _save_generated(folder: Path, plan: Plan, bench: TaskContext) -> None:
    """The made images of the first repeat below ``generated/``; its manifest says what is what."""
    from PIL import Image

    manifest = []
    cells = plan.first_cells
    classes = plan.dataset.images.classes
    folders = dict(zip(classes, file_names(classes, "class"), strict=True))
    for cell, arm in zip(cells, file_names((c.arm.name for c in cells), "arm"), strict=True):
        for name in classes:
            target = folder / "generated" / arm / folders[name]
            for key in cell.mixture.only([name]).tasks:
                target.mkdir(parents=True, exist_ok=True)
                tree = bench.tree(key, "images")
                for i, (identifier, image) in enumerate(
                    zip(tree["ids"], tree["images"], strict=True)
                ):
                    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
                    file = target / f"{key[:8]}-{i:05d}.png"
                    Image.fromarray(pixels.numpy()).save(file)
                    path = file.relative_to(folder / "generated").as_posix()
                    manifest.append([path, name, cell.arm.name, identifier])
    write_csv(folder / "generated" / "manifest.csv", ["path", "label", "arm", "id"], manifest)
