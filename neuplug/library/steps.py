"""The steps of a run by themselves: fit a generator, build an arm, ask an evaluator."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.data.dataset import Dataset
from neuplug.data.imageset import HeldOutSet, ImageSet, TrainingSet, refuse_unfit
from neuplug.data.splits import Split
from neuplug.errors import InputError, expect
from neuplug.experiment.components import named_faults
from neuplug.experiment.config import resolve
from neuplug.experiment.events import Sink, unheard
from neuplug.experiment.executors.local import local_executor
from neuplug.experiment.grammar import AGREEMENT, parse_arm
from neuplug.experiment.planning import ArmPlanner, begin_plan
from neuplug.experiment.runner import run_tasks
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.generate import load_online
from neuplug.plugins.component import Augmenter, ComponentBase, Mixer
from neuplug.plugins.evaluator import (
    ClassGenerator,
    Embedder,
    Evaluation,
    EvaluationContext,
    Evaluator,
)
from neuplug.plugins.generator import FitContext, FitRecord, Generator, Progress
from neuplug.plugins.loading import installed, load
from neuplug.plugins.registry import discover
from neuplug.seeds import derive_seed
from neuplug.storage.store import store_root
from neuplug.training.devices import pick_device
from neuplug.training.fitted import FittedClassifier

# What an evaluator's needs are called here
_ARGUMENTS = {"generators": "generator", "embedder": "classifier"}


def component_of(
    kind: type[ComponentBase], given: str | ComponentBase, /, **options: Any
) -> tuple[str, Any]:
    """A component of one kind, with its name.

    Args:
        kind: The base class of its kind.
        given: The component's name, or one that is loaded.
        options: Of the component, if a name is given.

    Raises:
        InputError: If it is of another kind, or there is none of that name.
    """
    component = load(given, **options) if isinstance(given, str) else given
    spec = installed(component)
    name = type(given).__name__.lower() if spec is None else spec.name
    if not isinstance(component, kind):
        what = kind.__name__.lower()
        raise InputError(f"{name} is not {'an' if what[0] in 'aeiou' else 'a'} {what}.")
    return name, component


@dataclass(frozen=True)
class FittedGenerator:
    """A generator that has learned every class of a set.

    Attributes:
        name: Of the component; the origin of its images.
        classes: Class names in label order.
        sources: Class name to what draws its images.
        records: Class name to what happened in its fit, the same one for all if it is conditional.
    """

    name: str
    classes: tuple[str, ...]
    sources: Mapping[str, ClassGenerator]
    records: Mapping[str, FitRecord] = field(repr=False)

    def sample(self, n: int | Mapping[str, int], seed: int) -> TrainingSet:
        """Draw images, the same ones for the same seed.

        Args:
            n: Images of each class, or class names to numbers.
            seed: The only source of randomness.

        Raises:
            InputError: If it has not learned a class.
        """
        counts = dict.fromkeys(self.classes, n) if isinstance(n, int) else dict(n)
        if strangers := sorted(set(counts) - set(self.classes)):
            raise InputError(
                f"{self.name} has not learned {', '.join(strangers)}; "
                f"it draws {', '.join(self.classes)}."
            )
        parts = []
        for name, k in counts.items():
            with _named(self.sources[name].generator):
                images = self.sources[name].sample(k, derive_seed(seed, name))
            labels = torch.full((k,), self.classes.index(name), dtype=torch.int64)
            ids = tuple(f"{self.name}/{name}/{i:05d}" for i in range(k))
            parts.append(TrainingSet(images, labels, self.classes, ids, (self.name,) * k))
        return TrainingSet.concatenate(parts)


def fit_generator(
    generator: str | Generator,
    train: TrainingSet,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> FittedGenerator:
    """Fit a generator to every class of a set.

    Args:
        generator: A component's name, or one that is loaded with options and not fitted; it stays
            as it is.
        train: Real images.
        seed: The source of all randomness.
        device: ``auto``, ``cpu``, ``cuda``.
        progress: Told how far each fit is.

    Raises:
        InputError: If there is no such generator, it cannot take these images, or they are no
            training set.
        TrainingDiverged: If a loss is no longer finite.

    Example:
        >>> dcgan = neuplug.load("dcgan", steps=2, ngf=4, ndf=4)
        >>> images = neuplug.training_set(torch.zeros(8, 1, 32, 32, dtype=torch.uint8), [0, 1] * 4)
        >>> neuplug.fit_generator(dcgan, images, device="cpu").sample(3, seed=0).counts()
        {'0': 3, '1': 3}
    """
    name, blank = component_of(Generator, generator)
    refuse_unfit(train, name)
    blank.check_images(train.channels, train.image_size)
    where = pick_device(device)
    sources: dict[str, ClassGenerator] = {}
    records: dict[str, FitRecord] = {}
    told: dict[str, Any] = {} if progress is None else {"progress": progress}
    whole = FitContext(where, derive_seed(seed, "fit", name, *train.classes), name, **told)
    alone = {} if blank.conditional else {c: _only(train, c) for c in train.classes}
    if blank.pretrains:
        first = copy.deepcopy(blank)
        with _named(first):
            first.pretrain(train, whole)
            told["start"] = first.state_dict()
    for together in [train.classes] if blank.conditional else [(c,) for c in train.classes]:
        fitted, learned = copy.deepcopy(blank), train
        context = replace(whole, start=told.get("start"))
        if not blank.conditional:
            own = derive_seed(seed, "fit", name, *together)
            context = FitContext(where, own, f"{name}, {together[0]}", **told)
            learned = alone[together[0]]
        with _named(fitted):
            record = fitted.fit(learned, context)
        for label, c in enumerate(together):
            sources[c], records[c] = ClassGenerator(fitted, label), record
    return FittedGenerator(name, train.classes, sources, records)


def _named(component: ComponentBase) -> AbstractContextManager[None]:
    """Name the plugin of a component that fails; one that is no plugin's fails as it does."""
    spec = installed(component)
    return nullcontext() if spec is None else named_faults(spec)


def _only(train: TrainingSet, name: str) -> TrainingSet:
    """The images of a class, which is the new set's only one."""
    mine = train.of_class(train.classes.index(name))
    if not len(mine):
        raise InputError(f"there are no images of {name} to learn from.")
    return replace(mine, labels=torch.zeros_like(mine.labels), classes=(name,))


def evaluate(
    evaluator: str | Evaluator,
    *,
    train: TrainingSet,
    test: HeldOutSet,
    generated: ImageSet | None = None,
    generator: FittedGenerator | None = None,
    classifier: FittedClassifier | None = None,
    logits: Tensor | None = None,
    folder: Path | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Evaluation:
    """Ask an evaluator about images or predictions.

    Args:
        evaluator: A component's name, or one that is loaded with options.
        train: The real training images.
        test: Real images that nothing has learned from.
        generated: What a generator drew.
        generator: To draw more from.
        classifier: Trained on ``train``: gives the features that likeness is measured in.
        logits: float32 (N, classes), of a classifier on ``test``.
        folder: Where figures go; by default a new temporary folder.
        seed: The source of all randomness.
        device: ``auto``, ``cpu``, ``cuda``.

    Raises:
        InputError: If there is no such evaluator, it needs what is not given, or ``train`` or
            ``test`` is of another type, such as when the two are swapped.

    Example:
        >>> photos = torch.randint(0, 256, (20, 1, 32, 32), dtype=torch.uint8)
        >>> images = neuplug.training_set(photos, ["rust", "dent"] * 10)
        >>> train, test = images.subset(range(12)), neuplug.held_out(images.subset(range(12, 20)))
        >>> by_pixels = neuplug.load("memorization", features=False)
        >>> found = neuplug.evaluate(by_pixels, train=train, test=test, generated=train)
        >>> found.metric("copies, pixels").value
        1.0
    """
    name, component = component_of(Evaluator, evaluator)
    for part, images, kind in (("train", train, TrainingSet), ("test", test, HeldOutSet)):
        if not isinstance(images, kind):  # such as when the two are swapped
            raise InputError(
                f"{name}: {part} must be a neuplug.{kind.__name__}, not a "
                f"{type(images).__name__}: give the parts of a split, or train=neuplug.training_set"
                "(...) and test=neuplug.held_out(...)."
            )
    given = dict(generated=generated, generators=generator, embedder=classifier, logits=logits)
    missing = sorted(need for need in component.needs if given.get(need) is None)
    if asked := [_ARGUMENTS.get(need, need) for need in missing]:
        raise InputError(
            f"{name} needs {' and '.join(asked)}: give {'them' if len(asked) > 1 else 'it'}."
        )
    component.check_images(train.channels, train.image_size)
    folder = folder or Path(tempfile.mkdtemp(prefix="neuplug-"))
    folder.mkdir(parents=True, exist_ok=True)
    embedder = None
    if classifier is not None:
        embedder = Embedder("classifier", classifier.embed, classifier.classify)
    context = EvaluationContext(
        train=train,
        test=test,
        generated=generated,
        logits=logits,
        device=pick_device(device),
        seed=seed,
        folder=folder,
        generators={c: (s,) for c, s in generator.sources.items()} if generator else {},
        embedder=embedder,
    )
    with _named(component):
        found: Evaluation = component.evaluate(context)
    return found


@dataclass(frozen=True)
class PreparedArm:
    """What an arm gives a classifier.

    Attributes:
        name: The arm.
        train: Real and made images; ``origins`` and ``parents`` tell which is which.
        augmenter: Acts on each batch anew, or ``None``.
        warnings: Sentences that the user must see, such as a generator's collapse.
        mixer: Mixes each batch anew after that, or ``None``.
        class_balance: For :class:`neuplug.TrainingOptions`, unless it is ``none``.
    """

    name: str
    train: TrainingSet
    augmenter: Augmenter | None
    warnings: tuple[str, ...] = ()
    mixer: Mixer | None = None
    class_balance: str = "none"


def build_arm(
    arm: str,
    train: TrainingSet,
    *,
    add: float | None = None,
    to: float | None = None,
    share: float | None = None,
    replace: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    judge: str | None = None,
    seed: int = 0,
    repeat: int = 0,
    device: str = "auto",
    on_event: Sink | None = None,
) -> PreparedArm:
    """Do what an arm says with real training images: fit its generators, draw, augment, mix.

    The results are in the same store as those of :func:`neuplug.compose`: an arm that was built
    before, by either, on the same images with the same seed and repeat is there at once, and one
    that was interrupted goes on.

    Args:
        arm: As after ``--aug``: ``flip``, ``classical+dcgan@add=100``, ``none``.
        train: Real images.
        add: For stages without an amount of their own, as all of the next three.
        to: Images of a class afterwards.
        share: Made part of the result, 0 to 1.
        replace: Made images take the others' place.
        options: Component options by component name.
        judge: The classifier that ``filter=agreement`` asks, trained on ``train`` for that; only
            that filter needs one.
        seed: The source of all randomness.
        repeat: Another number is another draw.
        device: ``auto``, ``cpu``, ``cuda``.
        on_event: Told what goes on, as the events of ``neuplug.experiment.events``.

    Raises:
        InputError: If ``train`` is no training set, or the arm, an option or an amount does not
            exist or does not fit.
        PluginError: If a plugin fails.
        TrainingDiverged: If a generator's loss is no longer finite.
        NeuplugError: If filters let no image of a class pass that has no others.

    Example:
        >>> photos = torch.randint(0, 256, (8, 1, 32, 32), dtype=torch.uint8)
        >>> train = neuplug.training_set(photos, ["rust", "dent"] * 4)
        >>> arm = neuplug.build_arm("flip@add=3", train)
        >>> arm.train.counts(), arm.train.origins.count("flip"), arm.augmenter
        ({'dent': 7, 'rust': 7}, 6, None)
    """
    expect(arm, str, "arm", "text such as flip@add=3")
    refuse_unfit(train, f"arm {arm}")
    stages = parse_arm(arm).stages
    judged = any(f.kind == AGREEMENT for stage in stages for f in stage.filters)
    if judged and judge is None:
        raise InputError(f"arm {arm}: filter=agreement asks a classifier: name one as judge.")
    asked = {
        "data": "in memory",
        "aug": [arm],
        "clf": [judge] if judge else [spec.name for spec in discover().of_kind("classifier")][:1],
        "options": {name: dict(own) for name, own in (options or {}).items()},
        **{"add": add, "to": to, "share": share, "replace": replace, "seed": seed},
    }
    dataset = Dataset.from_imageset(train)
    plan = begin_plan(resolve(flags=asked, environment={}), dataset)
    split = Split(list(range(len(dataset))), [], [], [])
    chosen = plan.arms[-1]
    mixture = ArmPlanner(plan, chosen, repeat, split).mixture
    context = TaskContext.open(store_root(), device, dataset)
    tasks, tell = plan.tasks, on_event or unheard
    undone = [task for key, task in tasks.items() if not context.store.has(key)]
    with closing(local_executor(0, context, tell)) as executor:
        run_tasks(undone, tasks, executor, tell)
    augmenter, mixer = load_online([c.reference() for c in chosen.online])
    return PreparedArm(
        chosen.name,
        context.training_set(mixture, dataset, f"arm {chosen.name}"),
        augmenter,
        tuple(w for key in tasks for w in context.about(key).get("warnings", [])),
        mixer,
        chosen.class_balance,
    )
