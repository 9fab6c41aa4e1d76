"""Photographs with labelme annotations: recognised, and cut into a set of class folders."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_layouts():  # type: ignore[no-untyped-def]
    """The annotations beside photographs."""
    yield Component("labelme", "neuplug_labelme.layout:Labelme", "photographs with labelme files")
