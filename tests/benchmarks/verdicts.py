"""How often verdicts are wrong and right in simulated runs: docs/results/verdicts.md.

``uv run python tests/benchmarks/verdicts.py 1000`` takes half an hour on two cores; with ``fit``
and the ``predictions.csv`` of a run in place of a number, it prints the spread of real answers.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "experiment" / "analysis"))

import simulator


def fitted(predictions: Path) -> simulator.Spread:
    """The spread of a run's answers to the images that all repeats test."""
    rows: dict[str, dict[str, dict[str, bool]]] = defaultdict(lambda: defaultdict(dict))
    with predictions.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["arm"]][row["repeat"]][row["image"]] = row["class"] == row["predicted"]
    common = sorted(set.intersection(*(set(r) for arm in rows.values() for r in arm.values())))
    print(f"{len(rows)} arms, {len(next(iter(rows.values())))} repeats, {len(common)} images")
    return simulator.fit(
        {
            arm: np.array([[own[image] for image in common] for own in repeats.values()])
            for arm, repeats in rows.items()
        }
    )


def line(name: str, runs: int) -> str:
    """A row of the table."""
    setting = simulator.SETTINGS[name]
    lent, alone = (simulator.rates(setting, runs, lend=lend) for lend in (True, False))
    shares = (lent.different, lent.equivalent, lent.found, alone.found, lent.covered)
    return " | ".join([f"| {name}", *(f"{100 * share:.1f}" for share in shares)]) + " |"


if __name__ == "__main__":
    if sys.argv[1] == "fit":
        print(fitted(Path(sys.argv[2])))
        sys.exit()
    print("| setting | any helps or harms | any equivalent | arms that help | alone | covered |")
    print("|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for row in pool.map(line, simulator.SETTINGS, [int(sys.argv[1])] * len(simulator.SETTINGS)):
            print(row, flush=True)
