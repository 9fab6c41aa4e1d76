"""What ``compose`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuplug.errors import NeuplugError

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Result:
    """The results of a run.

    Attributes:
        folder: The run's folder, with ``report.html``.
        content: What is in ``results.json``.
    """

    folder: Path
    content: dict[str, Any]

    @property
    def report(self) -> Path:
        """The page to open in a browser."""
        return self.folder / "report.html"

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

    def _verdicts(self, question: str) -> dict[tuple[str, str], str]:
        return {
            (c["arm"], c["classifier"]): c["verdict"]
            for c in self.content["comparisons"]
            if c["question"] == question
        }

    @property
    def cells(self) -> list[dict[str, Any]]:
        """One entry for each arm, classifier and repeat, with metrics, confusions and curves."""
        return list(self.content["cells"])

    @property
    def summary(self) -> list[dict[str, Any]]:
        """Mean, 95 % interval and n for each arm, classifier and metric."""
        return list(self.content["summary"])

    def mean(self, arm: str, classifier: str, metric: str = "accuracy") -> float:
        """A metric's mean over repeats.

        Raises:
            KeyError: If the run has no such arm, classifier or metric.
        """
        for row in self.content["summary"]:
            if (row["arm"], row["classifier"], row["metric"]) == (arm, classifier, metric):
                return float(row["mean"])
        raise KeyError((arm, classifier, metric))

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
                    **{key: cell[key] for key in ("arm", "classifier", "per_class_images")},
                    "repeat": cell["repeat"],
                    **cell["metrics"],
                    "test_images": cell["test_images"],
                    "train_images": sum(cell["train_images"].values()),
                    "steps": cell["steps"],
                    "seconds": cell["seconds"],
                }
                for cell in self.cells
            ]
        )

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        from neuplug.report.tables import print_summary

        text = StringIO()
        print_summary(self.content, Console(emoji=False, file=text, width=100, no_color=True))
        return text.getvalue()
