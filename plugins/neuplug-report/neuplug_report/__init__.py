"""The HTML report of a run."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_reporters():  # type: ignore[no-untyped-def]
    """The page."""
    yield Component("html", "neuplug_report.page:HtmlReport", "one page, offline, verdict first")


@hookimpl
def neuplug_sections():  # type: ignore[no-untyped-def]
    """Arms and further photographs."""
    target = "neuplug_report.photographs:WorthSection"
    yield Component("worth", target, "what arms are worth in photographs, with --worth")
