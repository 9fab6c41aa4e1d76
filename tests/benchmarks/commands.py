"""What whole commands cost: processor seconds, wall seconds and memory of all their processes.

    python tests/benchmarks/commands.py [tiny stored show memory scale] [--rounds N] [--beside TREE]

``tiny`` is a run that hardly trains, from an empty store; ``stored`` a question whose 1000 cells
(10 arms, 100 repeats) are stored, of which the tables are made; ``show`` is ``neuplug data show``
of 1000 and of 5000 images; ``memory`` is ``data show`` of 20 000 images that are decoded already;
``scale``, only when it is named, is that of 20 000 and of 100 000 that are not. Each is measured
beside the import of torch and, with ``--beside``, beside another checkout of this repository, in
turn, so that a busy machine slows all of them. To see what a processor without bfloat16 takes on
one that has it, ``tiny`` trains in float32 wherever it runs. Memory is the largest sum over the
processes that run at one time, in which pages that several of them share count once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

LAB = Path(__file__).parents[1] / "experiment" / "site"
OURS = "import sys; from neuplug.cli import main; sys.exit(main())"
IMPORT = ["-c", "import torch"]
SAMPLE_SECONDS = 0.05


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Processor seconds, wall seconds and megabytes of a command with all that it starts."""
    begun = time.monotonic()
    # the plugin of the tests has faults on purpose, which the command tells each time
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        command, env=os.environ | environment, start_new_session=True, **silent
    )
    largest = 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        largest = max(largest, sum(map(megabytes, family(process.pid))))
        time.sleep(SAMPLE_SECONDS)
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait again
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun, largest


def family(process: int) -> list[int]:
    """A process and all that it has started."""
    found = [process]
    for each in found:
        try:
            text = Path(f"/proc/{each}/task/{each}/children").read_text()
        except OSError:
            continue
        found += map(int, text.split())
    return found


def megabytes(process: int) -> float:
    """Of memory; a page that n processes share counts 1/n."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def draw(folder: Path, classes: int, each: int, size: int) -> Path:
    """Images of smooth noise, no two alike, in class folders."""
    rng = np.random.default_rng(0)
    for name in range(classes):
        (folder / f"class{name}").mkdir(parents=True)
        for number in range(each):
            coarse = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            image = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
            image.save(folder / f"class{name}" / f"{number}.png")
    return folder


def compose(data: Path, home: Path, *words: str) -> list[str]:
    """The words of a run."""
    return ["-c", OURS, "compose", "--data", str(data), "--project", str(home / "runs"), *words]


def tiny(home: Path) -> tuple[list[str], Callable[[], None]]:
    """Two classes of 300, flip, smallcnn, one repeat of 50 steps."""
    data = draw(home / "images", 2, 300, 200)
    words = "--aug flip --clf smallcnn --repeats 1 --imgsz 32 --quiet --reporter html"
    words += " --set training.steps=50 --set training.precision=fp32"

    def before() -> None:
        for folder in ("cache", "runs"):
            shutil.rmtree(home / folder, ignore_errors=True)

    return compose(data, home, *words.split()), before


def stored(home: Path) -> tuple[list[str], Callable[[], None]]:
    """Ten arms and a hundred repeats of a linear layer, all of them in the store."""
    data = draw(home / "images", 2, 60, 32)
    arms = [f"mirror@add={number}" for number in range(1, 10)]
    words = [word for arm in arms for word in ("--aug", arm)]
    words += "--clf linear --repeats 100 --imgsz 16 --steps 2 --no-report --quiet".split()
    command = compose(data, home, *words, "--name", "run")
    print("storing 1000 cells", file=sys.stderr)
    subprocess.run(
        [sys.executable, *command, "--workers", "0"],
        env=os.environ | surroundings(home),
        stdout=subprocess.DEVNULL,
        check=True,
    )

    def before() -> None:
        shutil.rmtree(home / "runs", ignore_errors=True)

    return command, before


def show(images: int) -> Callable[[Path], tuple[list[str], Callable[[], None]]]:
    """``data show`` of so many images of 64 x 64, of which none is decoded."""

    def made(home: Path) -> tuple[list[str], Callable[[], None]]:
        data = draw(home / "images", 4, images // 4, 64)

        def before() -> None:
            shutil.rmtree(home / "cache", ignore_errors=True)

        return ["-c", OURS, "data", "show", str(data)], before

    return made


def memory(home: Path) -> tuple[list[str], Callable[[], None]]:
    """``data show`` of 20 000 images of 64 x 64 that are decoded."""
    command, _ = show(20_000)(home)
    print("decoding 20 000 images", file=sys.stderr)
    run = [sys.executable, *command]
    subprocess.run(run, env=os.environ | surroundings(home), stdout=subprocess.DEVNULL, check=True)
    return command, lambda: None


def surroundings(home: Path, tree: Path | None = None) -> dict[str, str]:
    """The environment of a command: a store of its own, the plugin of the tests, another tree."""
    places = [LAB, *((tree, *sorted(tree.glob("plugins/*"))) if tree else ())]
    return {"NEUPLUG_CACHE": str(home / "cache"), "PYTHONPATH": os.pathsep.join(map(str, places))}


USUAL = ["tiny", "stored", "show", "memory"]
CASES = {
    "tiny": {"tiny run": tiny},
    "stored": {"1000 stored cells": stored},
    "show": {"data show, 1000": show(1000), "data show, 5000": show(5000)},
    "memory": {"20 000 images": memory},
    "scale": {f"data show, {n}": show(n) for n in (20_000, 100_000)},
}


def main() -> None:
    """Measure what is asked for and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cases", nargs="*", default=USUAL, help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="another checkout of this repository")
    options = parser.parse_args()
    trees = {"here": None} | ({"beside": options.beside.resolve()} if options.beside else {})
    print(f"{'command':20} {'tree':7} {'CPU s':>7} {'wall s':>7} {'MB':>6}   least, least, most")
    for case in options.cases:
        for name, make in CASES[case].items():
            with tempfile.TemporaryDirectory() as place:
                home = Path(place)
                command, before = make(home)
                found: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
                for _ in range(options.rounds):
                    for which, tree in trees.items():
                        before()
                        for label, words in (("import torch", IMPORT), (name, command)):
                            taken = measure(
                                [sys.executable, "-P", *words], surroundings(home, tree)
                            )
                            found[label, which].append(taken)
                for (label, which), rows in found.items():
                    cpu, wall, size = zip(*rows, strict=True)
                    print(
                        f"{label:20} {which:7} {min(cpu):7.2f} {min(wall):7.2f} {max(size):6.0f}"
                        f"   medians {statistics.median(cpu):.2f} {statistics.median(wall):.2f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
