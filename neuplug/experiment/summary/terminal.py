"""The end of a run in the terminal: the verdict first, then the numbers, then the warnings."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neuplug.experiment.reporters import read_reports
from neuplug.experiment.results.conclusions import Effect, Mean
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.summary import costs, notice_lines, published, wording

STYLES = {"helps": "bold green", "harms": "bold red", "no evidence": "", "one repeat": "dim"}
_WARNINGS = 12  # further ones are in the report
_NUMBER = 14  # columns that a mean takes with its interval beside it
_WIDE = 100  # columns from which an interval stands beside its mean, not below it
_ASCII = str.maketrans(
    {
        wording.MINUS: "-",
        wording.ELLIPSIS: "..",
        wording.PLUS_MINUS: "+/-",
        wording.MISSING: "-",
        "▲": "+",
        "▼": "-",
        "○": "o",
    }
)


def print_summary(results: RunResults, console: Console) -> None:
    """Print verdicts, tables, a paper's numbers beside the run's, warnings, the report's path.

    Args:
        results: Of the run.
        console: Where to print. One that cannot show ``±`` gets plain ASCII.
    """
    write = Writer(console)
    for line in wording.leak(results):
        write.line(line, "bold red")
    others = [*results.compared("best classical"), *results.compared("more images")]
    for comparison in [*wording.ranked(results), *others]:
        sentence = wording.verdict_sentence(comparison, results)
        mark = wording.MARKS[comparison.verdict]
        write.line(f"{mark} {sentence}", STYLES[comparison.verdict])
    said = wording.same_sentences(results)
    if not results.comparisons and not said:
        said = [sentence for _, sentence in wording.headline(results)]
    for sentence in said:
        write.line(sentence)
    if power := wording.power_sentence(results):
        write.line(power, "dim")
    for classifier in results.classifiers:
        console.print()
        console.print(_table(results, classifier, write))
    write.line(_footnote(results), "dim")
    for line in costs.terminal_lines(results):
        write.line(line)
    for table in published.tables(results):
        _print_published(table, write)
    warned = notice_lines.lines(results)
    if warned:
        console.print()
    for warning in warned[:_WARNINGS]:
        write.line(f"warning: {warning.text}", "yellow")
    if (more := len(warned) - _WARNINGS) > 0:
        write.line(f"warning: {more} more, in the report", "yellow")
    console.print()
    made = read_reports(Path(results.folder))
    for path in made.values():
        write.line(f"report: {path}")
    if not made:
        write.line(f"results: {results.folder}")


class Writer:
    """Turns strings into what the console can show; nothing in them is taken for markup."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.encoding = console.encoding or "utf-8"

    def text(self, content: str, style: str = "") -> Text:
        """Text in which a console without ``±`` has plain ASCII."""
        if not self.encoding.lower().startswith("utf"):
            content = content.translate(_ASCII).encode(self.encoding, "replace").decode()
        return Text(content, style=style)

    def line(self, content: str, style: str = "") -> None:
        """Print a line, however long."""
        self.console.print(self.text(content, style), soft_wrap=True)


def new_table(title: Text | None = None) -> Table:
    """A table without a frame."""
    return Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        show_edge=False,
    )


def _table(results: RunResults, classifier: str, write: Writer) -> Table:
    """One row for each arm: every metric with its half-interval, the difference to none, n."""
    title = classifier + (", simulated data" if results.data.simulated else "")
    table = new_table(write.text(title, "bold"))
    table.add_column("arm", overflow="fold")
    for shown in wording.METRICS.values():
        table.add_column(f"{shown.name}\n{shown.unit}", justify="right", overflow="fold")
    table.add_column("to none\npoints", justify="right", overflow="fold")
    table.add_column("n", justify="right")
    means = results.means
    differences = {c.arm: c for c in results.compared() if c.classifier == classifier}
    wide = write.console.width >= _WIDE
    for arm in (arm.name for arm in results.tested(classifier)):
        entries = [means.get((arm, classifier, key, None)) for key in wording.METRICS]
        row = [
            write.text(_cell(entry, shown, wide))
            for entry, shown in zip(entries, wording.METRICS.values(), strict=True)
        ]
        difference = differences.get(arm)
        style = STYLES[difference.verdict] if difference else ""
        points = _cell(difference, wording.METRICS["accuracy"], wide)
        n = next((str(entry.n) for entry in entries if entry), "0")
        table.add_row(write.text(arm), *row, write.text(points, style), write.text(n))
    return table


def _cell(entry: Mean | Effect | None, shown: wording.Metric, wide: bool) -> str:
    if entry is None:
        return wording.MISSING
    middle = wording.middle(entry, shown)
    if entry.low is None:
        return middle  # n = 1 says why no interval follows
    return f"{middle}{' ' if wide else chr(10)}{wording.spread(entry, shown)}"


def _print_published(table: published.Table, write: Writer) -> None:
    """A paper's table: under each of its lines what this run found."""
    write.console.print()
    about = [table.recipe, table.title, table.aside]
    write.line(", ".join(filter(None, about)), "bold")
    if table.lines:
        write.console.print(_published(table, write))
    notes = table.notes if table.lines else ()
    for sentence in filter(None, [*notes, table.missing]):
        write.line(sentence, "dim")


def _published(table: published.Table, write: Writer) -> Table:
    shown = new_table()
    names = [f"{n.arm} ({n.details})" if n.details else n.arm for n in table.lines]
    shown.add_column("arm", overflow="fold")
    shown.add_column("")
    for metric in table.metrics.values():
        shown.add_column(f"{metric.name}\n{metric.unit}", justify="right", overflow="fold")
    first = max(map(len, names)) + max(map(len, [published.PAPER, *table.protocols.values()])) + 4
    wide = write.console.width >= first + _NUMBER * len(table.metrics)
    for name, line in zip(names, table.lines, strict=True):
        numbers = [wording.number(line.paper(key), m) for key, m in table.metrics.items()]
        shown.add_row(write.text(name), published.PAPER, *map(write.text, numbers))
        for protocol, way in table.protocols.items():
            entries = [line.ours(key, protocol) for key in table.metrics]
            cells = [
                _cell(entry, metric, wide)
                for entry, metric in zip(entries, table.metrics.values(), strict=True)
            ]
            shown.add_row("", write.text(way), *(write.text(cell, "bold") for cell in cells))
    return shown


def _footnote(results: RunResults) -> str:
    single = any(entry.n == 1 for entry in results.summary)
    note = f"mean {wording.PLUS_MINUS} half of the 95 % interval over n repeats"
    return note + ("; one repeat has no interval" if single else "")
