"""A default run looks nothing up, and the second one loads no torch."""

from __future__ import annotations

from pathlib import Path

import pytest
from neuplug_tests.light import answer_twice


@pytest.mark.slow  # the core's own test sees to the same with components of its own
def test_no_network_and_no_torch_for_an_answer_that_is_there(
    own_store: Path, tmp_path: Path
) -> None:
    answer_twice(
        tmp_path,
        "compose --aug dcgan --aug classical --clf smallcnn --imgsz 32 --per-class 4 --repeats 1 "
        "--steps 2 --set dcgan.steps=2 --set dcgan.ngf=4 --classes crazing,patches --quiet "
        "--workers 2",
    )
