"""Small image files, made where a test wants them."""

from neuplug_tests.drawing import Draw, class_folders, draw

__all__ = ["Draw", "class_folders", "draw"]
