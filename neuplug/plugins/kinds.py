"""The kinds of components."""

from __future__ import annotations

from collections.abc import Mapping

from neuplug.plugins.augmenter import Augmenter
from neuplug.plugins.classifier import Classifier
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.evaluator import Evaluator
from neuplug.plugins.generator import Generator

KINDS: Mapping[str, type[ComponentBase]] = {
    "augmenter": Augmenter,
    "generator": Generator,
    "classifier": Classifier,
    "evaluator": Evaluator,
}
