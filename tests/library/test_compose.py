"""``neuplug.compose``."""

from __future__ import annotations

import pytest

import neuplug


def test_data_of_another_type_is_refused() -> None:
    with pytest.raises(neuplug.InputError, match="a path or an ImageSet, not int"):
        neuplug.compose(5, clf=["linear"])  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [{"range": "0,4095"}, {"channels": "rgb"}])
def test_images_in_memory_are_no_files(bars: neuplug.TrainingSet, asked: dict[str, str]) -> None:
    with pytest.raises(neuplug.InputError, match="images in memory stay as they are"):
        neuplug.compose(bars, clf=["conv"], report=False, **asked)
