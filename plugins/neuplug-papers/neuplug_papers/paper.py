"""A recipe with what is said of its paper: protocols, decisions, published tables."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from neuplug.experiment.recipes import Recipe

# What a number was scored on: unseen test images, every real image, the real training images
Way = Literal["test", "all", "train"]

# A metric's name, and the class that it is of; None: all
Key = tuple[str, str | None]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Strict):
    """One published line: an arm, and its numbers in the order of the table's metrics."""

    arm: str
    per_class: int | None = None
    classifier: str | None = None
    values: list[float | None]


class MetricName(_Strict):
    """A metric as :class:`neuplug.Metric` has it: ``{name: f1, class: rust}``, or a name alone."""

    name: str
    class_name: str | None = Field(None, alias="class")

    @model_validator(mode="before")
    @classmethod
    def _of_all(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Published(_Strict):
    """One published table.

    Attributes:
        title: As the paper calls it.
        metrics: Such as ``accuracy``, ``f1`` or, of a class, ``f1`` and ``ap``, the mean of its
            precision and recall; parts of 1, ``loss`` in nats. Or those of the evaluator.
        protocol: What the paper scored on: ``all`` real images, those of the training included,
            ``test`` images alone, or the real images of the ``train`` part.
        evaluator: Whose metrics they are, instead of a classifier's.
        rows: Its lines.
        note: What a reader must know to compare.
    """

    title: str
    metrics: list[MetricName]
    protocol: Way = "test"
    evaluator: str | None = None
    rows: list[Row]
    note: str = ""

    @model_validator(mode="after")
    def _rows_fit(self) -> Published:
        for row in self.rows:
            if len(row.values) != len(self.metrics):
                raise ValueError(f"{self.title}, {row.arm}: one value for each metric")
        return self

    @property
    def keys(self) -> list[Key]:
        """Its metrics."""
        return [(metric.name, metric.class_name) for metric in self.metrics]


class Protocols(_Strict):
    """How the paper measured, and how the images that nobody has seen are kept apart here."""

    paper: str
    sound: str


class Paper(Recipe):
    """A published system: its recipe, and what is said of the paper.

    Attributes:
        title: What the paper is about, in a line.
        source: Authors, title, year.
        protocols: The paper's and the sound one.
        decisions: Where the paper is silent or contradicts itself, what is done here.
        published: The paper's tables.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    source: str
    protocols: Protocols
    decisions: list[str]
    published: list[Published] = Field([])
