"""``compose`` from Python: the same as the command, with objects where that has text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuplug.errors import InputError
from neuplug.experiment.compose import Request, run
from neuplug.experiment.config import resolve
from neuplug.experiment.events import Sink, unheard
from neuplug.experiment.result import Result
from neuplug.library.local import Arm, arm_texts, component_names
from neuplug.plugins.component import ComponentBase

if TYPE_CHECKING:
    from neuplug.data.imageset import ImageSet


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

    The same as ``neuplug compose``; it answers from the store where it can, and an interrupted
    call goes on where it was.

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
        >>> result.verdicts["dcgan", "smallcnn"]  # doctest: +SKIP
        'helps'
    """
    images = None
    if not isinstance(data, str | Path):
        from neuplug.data.imageset import ImageSet

        if not isinstance(data, ImageSet):
            raise InputError(f"compose.data is a path or an ImageSet, not {type(data).__name__}.")
        images, data = data, f"in memory ({len(data)} images)"
    own = dict(options) if isinstance(options, Mapping) else {}
    named = {
        "aug": arm_texts(aug),
        "clf": component_names(clf, own),
        "eval": component_names(settings.pop("eval", None), own),
        "reporter": component_names(settings.pop("reporter", None), own),
        "executor": None,
    }
    if (executor := settings.pop("executor", None)) is not None:
        (named["executor"],) = component_names([executor], own)
    given = {"data": str(data), "options": own or options, "training": training}
    config = resolve(flags=given | named | settings, environment={})
    return run(Request.of(config, images), on_event or unheard)
