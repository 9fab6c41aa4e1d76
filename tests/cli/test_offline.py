"""A run looks nothing up, and the second one loads no torch."""

from __future__ import annotations

from pathlib import Path

from neuplug_tests.light import answer_twice


def test_no_network_and_no_torch_for_an_answer_that_is_there(lab: object, tmp_path: Path) -> None:
    answer_twice(
        tmp_path,
        "compose --aug jitter --aug mirror --clf conv --imgsz 32 --per-class 4 --repeats 1 "
        "--steps 2 --reporter markdown --classes crazing,patches --quiet --workers 2",
    )
