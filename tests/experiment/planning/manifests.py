"""What a run's manifest says."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any


def images_of(result: Any, arm: str, repeat: int = 0) -> dict[str, Counter[str]]:
    """Class to origins of the images that an arm's classifiers trained on."""
    found: dict[str, Counter[str]] = {}
    with (result.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if (row["arm"], row["split"], row["repeat"]) == (arm, "train", str(repeat)):
                found.setdefault(row["class"], Counter())[row["origin"]] += 1
    return found
