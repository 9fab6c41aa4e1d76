"""The folder that a run leaves: settings, tables, pictures, report, and every image's origin."""

from __future__ import annotations

import csv
import io
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import torch

from neuplug.errors import InputError
from neuplug.experiment.config import to_yaml
from neuplug.experiment.identity import versions
from neuplug.experiment.jobs import Workbench
from neuplug.experiment.plan import Cell, Plan, Pool
from neuplug.experiment.store import write_json, write_text
from neuplug.report import images as pictures

PICTURE_IMAGES = 6
SETTINGS, LOG = "config.yaml", "log.txt"


def begin(folder: Path, plan: Plan, request: str) -> None:
    """Write what is known before the first job.

    Raises:
        InputError: If the folder holds a run that answers another question.
    """
    settings = folder / SETTINGS
    asked = folder / "request.txt"
    if folder.exists() and any(folder.iterdir()):
        if not asked.is_file():
            raise InputError(f"{folder} is no run folder of neuplug: choose another --name.")
        answered = (folder / "results.json").is_file()
        if answered and asked.read_text("utf-8").strip() != request:
            raise InputError(
                f"{folder} holds another run (other settings, data or versions): choose another "
                "--name, or remove that folder."
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(asked, request + "\n")
    write_text(settings, to_yaml(plan.config))
    write_json(folder / "env.json", environment(plan))


def environment(plan: Plan) -> dict[str, Any]:
    """Versions and machine, for the record."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": sys.version.split()[0],
        "gpu": gpu,
        "torch_threads": torch.get_num_threads(),
        "versions": versions(list(plan.components)),
    }


def finish(folder: Path, plan: Plan, bench: Workbench, results: dict[str, Any]) -> None:
    """Write tables and pictures; the report is made from these."""
    # without its report a folder counts as unfinished, should this be killed half-way
    (folder / "report.html").unlink(missing_ok=True)
    _manifest(folder, plan, bench)
    _results_csv(folder, results)
    results["pictures"] = _pictures(folder, plan, bench)
    for evaluation in results["evaluations"]:
        if evaluation["figures"]:
            source = bench.store.path(evaluation["key"]) / "figures"
            target = folder / "evaluations" / evaluation["key"][:8]
            shutil.copytree(source, target, dirs_exist_ok=True)
    if plan.config.save_generated:
        _save_generated(folder, plan, bench)
    write_json(folder / "results.json", results)


def _manifest(folder: Path, plan: Plan, bench: Workbench) -> None:
    """One line for each image of every training set, and of every validation and test set."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["repeat", "arm", "split", "class", "id", "origin", "parent"])
    images = plan.dataset.images
    for repeat, split in enumerate(plan.splits):
        for part in ("val", "test", "left_out"):
            for i in getattr(split, part):
                name = images.classes[int(images.labels[i])]
                writer.writerow([repeat, "all", part, name, images.ids[i], "real", ""])
    first = {(cell.arm.name, cell.repeat): cell for cell in reversed(plan.cells)}
    for (arm, repeat), cell in reversed(first.items()):
        train = bench.training_set(cell.pool, plan.dataset, list(images.classes))
        rows = zip(train.labels.tolist(), train.ids, train.origins, train.parents, strict=True)
        for label, identifier, origin, parent in rows:
            line = [repeat, arm, "train", images.classes[label], identifier, origin, parent]
            writer.writerow(line)
    write_text(folder / "manifest.csv", text.getvalue())


def _results_csv(folder: Path, results: dict[str, Any]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    metrics = list(results["cells"][0]["metrics"])
    head = ["arm", "classifier", "repeat", *metrics, "test_images", "train_images", "steps"]
    writer.writerow([*head, "seconds"])
    for cell in results["cells"]:
        writer.writerow(
            [cell["arm"], cell["classifier"], cell["repeat"]]
            + [f"{cell['metrics'][m]:.6f}" for m in metrics]
            + [cell["test_images"], sum(cell["train_images"].values()), cell["steps"]]
            + [f"{cell['seconds']:.2f}"]
        )
    write_text(folder / "results.csv", text.getvalue())


def _pictures(folder: Path, plan: Plan, bench: Workbench) -> list[dict[str, Any]]:
    """Real beside generated, and the same noise along the training, of the first repeat."""
    target = folder / "samples"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    found: list[dict[str, Any]] = []
    for number, cell in enumerate(_first_cells(plan)):
        made = _made_last(cell)
        if not made:
            continue
        name = cell.arm.name
        file = f"samples/{number:02d}-real-beside-generated.png"
        real, new = _sides(plan, bench, cell, made)
        pictures.side_by_side(real, new, plan.dataset.images.classes, folder / file)
        found.append(
            {
                "title": f"{name}: real beside generated",
                "kind": "side-by-side",
                "file": file,
                "caption": f"Left real training images, right images of {name}; first repeat.",
            }
        )
    for number, (stage, rows) in enumerate(_grids(plan, bench).items()):
        file = f"samples/{number:02d}-along-training.png"
        steps = rows[0][2]
        pictures.save_grid([(label, tiles) for label, tiles, _ in rows], folder / file, len(steps))
        found.append(
            {
                "title": f"{stage}: the same noise along the training",
                "kind": "grid-over-steps",
                "file": file,
                "caption": f"Steps {', '.join(map(str, steps))}; first repeat.",
            }
        )
    return found


def _first_cells(plan: Plan) -> list[Cell]:
    """One cell of the first repeat for each arm."""
    return list({c.arm.name: c for c in reversed(plan.cells) if c.repeat == 0}.values())[::-1]


def _made_last(cell: Cell) -> Pool:
    """The last made part of each class, where every class has one."""
    last = {n: [p for p in parts if "made" in p][-1:] for n, parts in cell.pool.items()}
    return last if all(last.values()) else {}


def _sides(
    plan: Plan, bench: Workbench, cell: Cell, made: Pool
) -> tuple[torch.Tensor, torch.Tensor]:
    images = plan.dataset.images
    train = plan.splits[cell.repeat].train
    sides: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    for label, name in enumerate(images.classes):
        real = [i for i in train if int(images.labels[i]) == label]
        sides[0].append(_tiles(images.images[real]))
        sides[1].append(_tiles(bench.tree(made[name][0]["made"], "images")["images"]))
    return torch.stack(sides[0]), torch.stack(sides[1])


def _tiles(images: torch.Tensor) -> torch.Tensor:
    """Exactly so many images as a row has; blank ones where there are too few."""
    tiles = torch.full((PICTURE_IMAGES, *images.shape[1:]), 255, dtype=torch.uint8)
    taken = images[:PICTURE_IMAGES]
    tiles[: len(taken)] = taken
    return tiles


def _grids(plan: Plan, bench: Workbench) -> dict[str, list[tuple[str, torch.Tensor, list[int]]]]:
    """For each generator stage its classes, each with one image for each recorded step."""
    stages: dict[str, list[tuple[str, torch.Tensor, list[int]]]] = {}
    for entry in plan.fits:
        grids = bench.tree(entry.key, "record")["grids"] if entry.repeat == 0 else []
        if not grids:
            continue
        title = entry.stage if entry.arm == entry.stage else f"{entry.stage} in {entry.arm}"
        steps = [step for step, _ in grids]
        # a conditional generator's fixed noise has the classes in turn
        names = [entry.class_name] if entry.class_name else plan.dataset.images.classes
        for number, name in enumerate(names[: len(grids[0][1])]):
            tiles = torch.stack([images[number] for _, images in grids])
            stages.setdefault(title, []).append((name, tiles, steps))
    return stages


def _save_generated(folder: Path, plan: Plan, bench: Workbench) -> None:
    """The made images of the first repeat as ``generated/<arm>/<class>/*.png``."""
    from PIL import Image

    for cell in _first_cells(plan):
        for name, parts in cell.pool.items():
            for part in parts:
                if "made" not in part:
                    continue
                target = folder / "generated" / _file_name(cell.arm.name) / _file_name(name)
                target.mkdir(parents=True, exist_ok=True)
                tree = bench.tree(part["made"], "images")
                for identifier, image in zip(tree["ids"], tree["images"], strict=True):
                    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
                    file = target / f"{_file_name(identifier)}.png"
                    Image.fromarray(pixels.numpy()).save(file)


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_.+=" else "_" for c in text)
