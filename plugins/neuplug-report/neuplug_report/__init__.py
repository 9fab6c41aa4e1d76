"""The HTML report of a run."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_reporters():  # type: ignore[no-untyped-def]
    """The page."""
    yield Component("html", "neuplug_report.page:HtmlReport", "one page, offline, verdict first")
