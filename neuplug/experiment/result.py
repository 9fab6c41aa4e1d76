"""What ``compose`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neuplug.errors import NeuplugError
from neuplug.experiment.reporters import read_reports
from neuplug.experiment.results.model import Question, RunResults


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

    def verdicts(self, question: Question = "none") -> dict[tuple[str, str], str]:
        """(arm, classifier) to *helps*, *no evidence*, *harms* or *one repeat*.

        Args:
            question: ``none``: beside the arm of that name; ``best classical``: the same beside the
                best classical arm, for arms that generate; ``more images``: of ``none`` beside
                ``none`` with fewer real images, where several numbers of them are compared.
        """
        return {(c.arm, c.classifier): c.verdict for c in self.results.compared(question)}

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

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        from neuplug.experiment.summary.terminal import print_summary

        text = StringIO()
        print_summary(self.results, Console(emoji=False, file=text, width=100, no_color=True))
        return text.getvalue()
