"""``neuplug.compose``."""

from __future__ import annotations

import pytest

import neuplug


def test_data_of_another_type_is_refused() -> None:
    with pytest.raises(neuplug.InputError, match="a path or an ImageSet, not int"):
        neuplug.compose(5, clf=["linear"])  # type: ignore[arg-type]
