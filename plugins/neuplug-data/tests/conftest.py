"""Small image files, and a store of each test's own."""

from neuplug_tests.drawing import class_folders, draw

__all__ = ["class_folders", "draw"]
