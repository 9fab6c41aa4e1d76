"""Tables of images and labels as challenges ship them."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_layouts():  # type: ignore[no-untyped-def]
    """CSV and text tables beside images."""
    yield Component("tables", "neuplug_tables.layout:Tables", "a table of images and labels")
