"""The end of a run in the terminal: the verdict first, then the numbers, then the warnings."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neuplug.experiment.looks import looks_sentence
from neuplug.experiment.reporters import Table as AddedTable
from neuplug.experiment.reporters import read_reports, sections
from neuplug.experiment.results import Effect, Mean, RunResults
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.learning import learnt_sentences

STYLES = {
    "helps": "bold green",
    "harms": "bold red",
    "equivalent": "bold",
    "no evidence": "",
    "one repeat": "dim",
}
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
    """Print verdicts, tables, what plugins add, warnings, the report's path.

    Args:
        results: Of the run.
        console: Where to print. One that cannot show ``±`` gets plain ASCII.
    """
    write = Writer(console)
    if results.leak:
        write.line(wording.LEAK, "bold red")
    for sentences, style in zip(learnt_sentences(results), ("bold red", "dim"), strict=True):
        for sentence in sentences:
            write.line(sentence, style)
    others = [*results.compared("best classical"), *results.compared("more images")]
    for comparison in [*wording.ranked(results), *others]:
        sentence = wording.verdict_sentence(comparison, results)
        mark = wording.MARKS[comparison.verdict]
        write.line(f"{mark} {sentence}", STYLES[comparison.verdict])
    said = wording.same_sentences(results)
    if not results.comparisons and not said:
        said = [wording.NOTHING]
    for sentence in said:
        write.line(sentence)
    for sentence_of in (looks_sentence, wording.power_sentence, wording.enough_sentence):
        if sentence := sentence_of(results):
            write.line(sentence, "dim")
    for classifier in results.classifiers:
        console.print()
        console.print(_table(results, classifier, write))
    single = any(entry.n == 1 for entry in results.summary)
    note = f"mean {wording.PLUS_MINUS} half of the 95 % interval over n repeats"
    write.line(note + ("; one repeat has no interval" if single else ""), "dim")
    for section in sections(results):
        if not section.tables:
            write.line(f"{section.title}: {section.text}")
        for table in section.tables:
            _print_added(table, write)
    warned = wording.by_kind(results)
    if warned:
        console.print()
    for warning in warned[:_WARNINGS]:
        write.line(f"warning: {wording.first_of_kind(warning)}", "yellow")
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
    shown, goes_by = [*wording.METRICS.values()], wording.decisive(results.metric)
    own = goes_by not in shown  # which no column has yet
    shown += [goes_by] * own
    of = "" if results.metric == "accuracy" else f", {goes_by.name}"
    heads = [f"{each.name}\n{each.unit}" for each in shown]
    for head in (*heads, f"to none{of}\n{goes_by.differences}"):
        table.add_column(write.text(head), justify="right", overflow="fold")
    table.add_column("n", justify="right")
    means, groups = results.means, results.groups
    differences = {c.arm: c for c in results.compared() if c.classifier == classifier}
    wide = write.console.width >= _WIDE
    for arm in (arm.name for arm in results.tested(classifier)):
        entries = [means.get((arm, classifier, key, None)) for key in wording.METRICS]
        entries += [results.decisive(arm, classifier)] * own
        cells = map(_cell, entries, shown, repeat(wide))
        difference = differences.get(arm)
        style = STYLES[difference.verdict] if difference else ""
        points = _cell(difference, goes_by, wide)
        n = str(len(groups[arm, classifier]))
        table.add_row(write.text(arm), *map(write.text, cells), write.text(points, style), n)
    return table


def _cell(entry: Mean | Effect | None, shown: wording.Metric, wide: bool) -> str:
    if entry is None:
        return wording.MISSING
    # n = 1 says why no interval follows
    spread = "" if entry.low is None else wording.spread(entry, shown)
    return _beside(wording.middle(entry, shown), spread, wide)


def _beside(middle: str, spread: str, wide: bool) -> str:
    """A number and its interval, one below the other where there is little room."""
    return (" " if wide else "\n").join(filter(None, (middle, spread)))


def _print_added(table: AddedTable, write: Writer) -> None:
    """A table that a plugin adds; a name stands once for all of its rows."""
    write.console.print()
    write.line(table.title, "bold")
    if table.rows:
        shown = new_table()
        shown.add_column("arm", overflow="fold")
        shown.add_column("")
        for name, unit in table.columns:
            head = write.text(f"{name}\n{unit}")
            shown.add_column(head, justify="right", overflow="fold")
        first = max(len(row.name) for row in table.rows) + 4
        first += max(len(row.source) for row in table.rows)
        wide = write.console.width >= first + _NUMBER * len(table.columns)
        before = ""
        for row in table.rows:
            cells = [
                write.text(_beside(cell.middle, cell.spread, wide), "bold" if row.own else "")
                for cell in row.cells
            ]
            shown.add_row(write.text("" if row.name == before else row.name), row.source, *cells)
            before = row.name
        write.console.print(shown)
    for sentence in table.notes:
        write.line(sentence, "dim")
