"""What differs between the four kinds of plugin, besides their templates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of component that a package is written for.

    Attributes:
        summary: The line that ``neuplug plugins`` lists, until its author writes another.
        use: What follows ``neuplug compose``, with ``THE_NAME`` for the component.
    """

    summary: str
    use: str


# By the names of :data:`neuplug.plugins.hookspecs.HOOKS`
KINDS = {
    "augmenter": Kind("gamma correction with a random exponent", "--aug THE_NAME --clf smallcnn"),
    "generator": Kind(
        "normal distribution over principal components", "--aug THE_NAME --clf smallcnn"
    ),
    "classifier": Kind("small convolutional network", "--clf THE_NAME"),
    "evaluator": Kind(
        "brightness and contrast beside real images", "--aug dcgan --clf smallcnn --eval THE_NAME"
    ),
}
