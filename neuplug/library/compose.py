"""``compose`` from Python: the same as the command, with objects where that has text.

Component instances may be of plugins, or of a class in a notebook: such ones run in this process.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuplug.errors import InputError, NeuplugError, expect
from neuplug.experiment.compose import PartlyDone, run
from neuplug.experiment.config import resolve
from neuplug.experiment.events import Sink, unheard
from neuplug.experiment.reporters import read_reports
from neuplug.experiment.request import Request
from neuplug.experiment.results import Question, RunResults
from neuplug.library.local import code
from neuplug.plugins.component import ComponentBase, Options
from neuplug.plugins.hookspecs import RESERVED, Component, kind_of
from neuplug.plugins.loading import installed
from neuplug.plugins.registry import LOCAL, LocalComponent, offer_local

if TYPE_CHECKING:
    from neuplug.data.imageset import ImageSet

# Values of options that the grammar of arms can say
_PLAIN = re.compile(r"(?!null$)[\w.-]+")

# Settings of how files are read, besides those that the planning refuses
OF_FILES = ("imgsz", "resize", "classes", "strict")

Stage = str | ComponentBase


class Arm:
    """One way to prepare the training set: a chain of stages, left to right.

    Args:
        stages: As after ``--aug`` (``flip``, ``dcgan@add=100``), or component instances.
        name: In tables and plots; by default the names of its stages, with a ``+`` between.

    Example:
        >>> arm = neuplug.Arm([neuplug.load("flip", vertical=0.0), "dcgan@add=100"], "upright")
        >>> str(arm)
        'upright: neuplug-classical:flip@vertical=0.0+dcgan@add=100'
    """

    def __init__(self, stages: Sequence[Stage] | Stage, name: str = "") -> None:
        several = [stages] if isinstance(stages, str | ComponentBase) else stages
        expect(several, list | tuple, "an arm", "a list of stages")
        for stage in several:
            expect(stage, str | ComponentBase, "a stage of an arm", "text or a component")
        if not several:
            raise InputError(
                "an arm has no stages: name at least one; the arm none is always included."
            )
        self.stages = tuple(several)
        self.name = name

    def __str__(self) -> str:
        texts = [_stage_text(stage) for stage in self.stages]
        named = any(not isinstance(stage, str) for stage in self.stages)
        name = self.name or ("+".join(map(_short, texts)) if named else "")
        return f"{name}: {'+'.join(texts)}" if name else "+".join(texts)


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
        """(arm, classifier) to *helps*, *harms*, *equivalent*, *no evidence* or *one repeat*.

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
            metric: ``accuracy``, ``precision``, ``recall``, ``f1``, ``loss``, or ``auroc`` where
                verdicts go by it.
            class_name: A class, whose precision, recall or F1 is wanted.

        Raises:
            KeyError: If the run has no such arm, classifier or metric.
        """
        return self.results.means[arm, classifier, metric, class_name].mean

    def __str__(self) -> str:
        from io import StringIO

        from neuplug.console import PlainConsole
        from neuplug.experiment.summary.terminal import print_summary

        text = StringIO()
        print_summary(self.results, PlainConsole(file=text, width=100, no_color=True))
        return text.getvalue()


def compose(
    data: str | Path | ImageSet = "demo",
    *,
    aug: Sequence[str | Arm | ComponentBase] | Mapping[str, str] | str | None = None,
    clf: Sequence[str | ComponentBase] | str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    training: Mapping[str, Any] | None = None,
    on_event: Sink | None = None,
    **settings: Any,
) -> Result:
    """Compare augmentation methods for a training set by the classifiers trained with them.

    The same as ``neuplug compose``; it answers from the store where it can, and the same call
    resumes an interrupted one.

    Args:
        data: A folder, a CSV manifest, ``demo``, or an :class:`neuplug.ImageSet`.
        aug: Arms, such as ``["flip", "dcgan", "classical+dcgan"]``; ``none`` is always there. An
            arm may also be a :class:`neuplug.Arm`, or an augmenter or generator of your own.
        clf: Classifiers, by name or instances; like ``aug`` not needed with a ``recipe``.
        options: Component options by component name.
        training: Options of the training loop.
        on_event: Told what goes on, as the events of ``neuplug.experiment.events``.
        settings: Any other setting of :class:`neuplug.experiment.config.ComposeConfig`, such as
            ``per_class=40, add=300, repeats=10, imgsz=64, seed=1``.

    Returns:
        Verdicts, means with intervals, and the run's folder.

    Raises:
        InputError: If something is asked for that cannot be done.
        PluginError: If a plugin fails.
        NeuplugError: If filters let no image of a class pass that has no others.

    Example:
        >>> result = neuplug.compose(aug=["flip", "dcgan"], clf=["smallcnn"])  # doctest: +SKIP
        >>> result.verdicts()["dcgan", "smallcnn"]  # doctest: +SKIP
        'helps'
    """
    images = None
    if not isinstance(data, str | Path):
        from neuplug.data.imageset import ImageSet

        if not isinstance(data, ImageSet):
            raise InputError(f"compose.data is a path or an ImageSet, not {type(data).__name__}.")
        images, data = data, f"in memory ({len(data)} images)"
        if unused := [name for name in OF_FILES if settings.get(name) is not None]:
            raise InputError(
                f"{' and '.join(unused)} {'are' if len(unused) > 1 else 'is'} for images in files, "
                "and those in memory are taken as they are: leave it out, or change the images "
                "before (ImageSet.subset, torch.nn.functional.interpolate)."
            )
    expect(on_event, Callable | None, "on_event", "a function of an event")
    own = dict(options) if isinstance(options, Mapping) else {}

    def names(given: Any) -> Any:
        """Components of one kind with instances as names; their options are added to ``own``."""
        return _texts(given, lambda component: _named(component, own), ComponentBase)

    named = {
        "aug": _texts(aug, lambda arm: str(arm if isinstance(arm, Arm) else Arm(arm)), Arm),
        "clf": names(clf),
        "eval": names(settings.pop("eval", None)),
        "reporter": names(settings.pop("reporter", None)),
        "executor": names([settings.pop("executor", None)])[0],
    }
    given = {"data": str(data), "options": own or options, "training": training}
    config = resolve(flags=given | named | settings, environment={})
    request = Request.of(config, images)
    try:
        return Result(request.folder, run(request, on_event or unheard))
    except PartlyDone as error:
        warnings.warn(str(error), stacklevel=2)
        return Result(request.folder, error.results)


def _texts(given: Any, text: Callable[[Any], str], kind: type) -> Any:
    """The objects in what was given as text; what is no list is left as it is."""
    kinds = (kind, ComponentBase)
    if isinstance(given, kinds):
        given = [given]
    if not isinstance(given, Iterable) or isinstance(given, str | dict):
        return given
    return [text(each) if isinstance(each, kinds) else each for each in given]


def _stage_text(stage: Stage) -> str:
    if isinstance(stage, str):
        return stage
    own = {name: json.dumps(value).strip('"') for name, value in _own_options(stage).items()}
    if (provided := installed(stage)) is not None and all(map(_PLAIN.fullmatch, own.values())):
        at = ",".join(f"{name}={value}" for name, value in own.items())
        return f"{provided.distribution}:{provided.name}" + (f"@{at}" if at else "")
    return _offer(stage)


def _named(component: ComponentBase, options: dict[str, Any]) -> str:
    if (provided := installed(component)) is not None:
        name, own = f"{provided.distribution}:{provided.name}", _own_options(component)
        if options.setdefault(name, own) == own:
            return name
    return _offer(component)


def _short(text: str) -> str:
    """``flip@vertical=0`` of ``neuplug-classical:flip@vertical=0``, ``darker`` of ``Darker()``."""
    name, at, rest = text.partition("@")
    distribution, _, plain = name.rpartition(":")
    return (plain.rpartition("-")[0] if distribution == LOCAL else plain) + at + rest


def _own_options(component: ComponentBase) -> dict[str, Any]:
    """Its options as far as they are not the usual ones."""
    usual = type(component.options)().model_dump(mode="json")
    given = component.options.model_dump(mode="json")
    return {name: value for name, value in given.items() if usual.get(name) != value}


def _offer(component: ComponentBase) -> str:
    """Make an instance known, for as long as this process lives; the name to ask for it by."""
    kind = kind_of(component)
    slug = re.sub(r"[^a-z0-9]+", "-", type(component).__name__.lower()).strip("-")
    base = slug or kind
    base = f"my-{base}" if base in RESERVED else base
    found = LocalComponent(
        Component(base, f"{LOCAL}:{type(component).__name__}", "an instance of this process"),
        kind,
        LOCAL,
        "0",
        # what reports or runs tasks leaves no mark on results
        uuid.uuid4().hex if kind in ("reporter", "executor") else code(component),
        _copies_of(component),
    )
    return offer_local(found)


def _copies_of(component: ComponentBase) -> type[ComponentBase]:
    """A class of copies of an instance, whatever its own constructor takes."""

    def copied(self: ComponentBase, options: Options | None = None) -> None:
        self.__dict__.update(copy.deepcopy(component.__dict__))

    about = {"__init__": copied, "options_class": Options, "__module__": __name__}
    return type(type(component).__name__, (type(component),), about)
