"""Folders of images as they are found: split parts, masks, other files told apart."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_layouts():  # type: ignore[no-untyped-def]
    """Folders of any shape, tidied up."""
    yield Component("folders", "neuplug_folders.layout:Folders", "folders of images, tidied up")
