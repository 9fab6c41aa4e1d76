"""What ``compose`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neuplug.errors import NeuplugError
from neuplug.experiment.reporters import read_reports
from neuplug.experiment.results.conclusions import Question, Summary
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.parts import Cell

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Result:
    """The results of a run.

    Attributes:
        folder: The run's folder.
        results: Everything that the run found, as in ``results.json``.
    """

    folder: Path
    results: RunResults

    @property
    def reports(self) -> dict[str, Path]:
        """Reporters' names to the files that they have made."""
        return read_reports(self.folder)

    @property
    def report(self) -> Path:
        """The first of them: as a rule the page to open in a browser.

        Raises:
            NeuplugError: If there is none.
        """
        for path in self.reports.values():
            return path
        raise NeuplugError(
            f"there is no report in {self.folder}: no reporter is installed (pip install "
            "neuplug-report brings one), or reports were turned off."
        )

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        """(arm, classifier) to *helps*, *no evidence*, *harms* or *one repeat*, beside ``none``."""
        return self._verdicts("none")

    @property
    def verdicts_against_classical(self) -> dict[tuple[str, str], str]:
        """The same beside the best classical arm, for arms that generate; empty without one."""
        return self._verdicts("best classical")

    @property
    def verdicts_of_more_images(self) -> dict[tuple[str, str], str]:
        """Of ``none`` beside ``none`` with fewer real images; empty with one number of them."""
        return self._verdicts("more images")

    def _verdicts(self, question: Question) -> dict[tuple[str, str], str]:
        return {(c.arm, c.classifier): c.verdict for c in self.results.compared(question)}

    @property
    def cells(self) -> tuple[Cell, ...]:
        """One entry for each arm, classifier and repeat, with its scores."""
        return self.results.cells

    @property
    def summary(self) -> tuple[Summary, ...]:
        """Mean, 95 % interval and n for each arm, classifier and metric."""
        return self.results.summary

    def mean(
        self, arm: str, classifier: str, metric: str = "accuracy", class_name: str | None = None
    ) -> float:
        """A metric's mean over repeats.

        Args:
            arm: Its name.
            classifier: Its name.
            metric: ``accuracy``, ``precision``, ``recall``, ``f1`` or ``loss``.
            class_name: A class, whose precision, recall or F1 is wanted.

        Raises:
            KeyError: If the run has no such arm, classifier or metric.
        """
        return self.results.means[arm, classifier, metric, class_name].mean

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each arm, classifier and repeat, with its test metrics.

        Columns ``arm``, ``classifier``, ``per_class_images``, ``repeat``, the metrics of the test
        (``accuracy`` … as parts of one, ``loss`` in nats), ``test_images``, ``train_images``,
        ``steps`` and ``seconds``.

        Raises:
            NeuplugError: If pandas is not installed; neuplug does not bring it.
        """
        try:
            import pandas
        except ImportError:
            raise NeuplugError(
                "to_pandas needs pandas, which is not installed: pip install pandas."
            ) from None
        return pandas.DataFrame(
            [
                {
                    "arm": cell.arm,
                    "classifier": cell.classifier,
                    "per_class_images": cell.per_class_images,
                    "repeat": cell.repeat,
                    **cell.test.metrics,
                    "test_images": cell.test_images,
                    "train_images": sum(cell.train_images.values()),
                    "steps": cell.steps,
                    "seconds": cell.seconds,
                }
                for cell in self.cells
            ]
        )

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        from neuplug.experiment.summary.terminal import print_summary

        text = StringIO()
        print_summary(self.results, Console(emoji=False, file=text, width=100, no_color=True))
        return text.getvalue()
