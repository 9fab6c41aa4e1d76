"""Small image files, made where a test wants them."""

from neuplug_tests.drawing import Draw, draw

__all__ = ["Draw", "draw"]
