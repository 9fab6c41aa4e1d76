"""The component ``gantest``."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from scipy import stats
from torch import Tensor

from neuplug import (
    Embedder,
    Evaluation,
    EvaluationContext,
    Evaluator,
    ImageSet,
    Metric,
    NeuplugError,
    Options,
    derive_seed,
)
from neuplug_gantest.probe import probe

# Training images of a class: one to fit on and one to choose the regularisation by
FEWEST = 2


class GANTestOptions(Options):
    """Options of ``gantest``."""

    probe: bool = Field(True, description="GAN-train by a linear probe; false: GAN-test alone")
    folds: int = Field(
        5, ge=2, description="of the cross-validation that chooses the probe's regularisation"
    )


@dataclass(frozen=True)
class _Verdicts:
    """Which images of each class were called right: bool (N,), with labels int64 (N,)."""

    right: Tensor
    labels: Tensor

    @property
    def accuracy(self) -> float:
        return float(self.right.double().mean())

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        test = stats.binomtest(int(self.right.sum()), len(self.right))
        found = test.proportion_ci(0.95, method="wilson")
        return float(found.low), float(found.high)

    def of_class(self, label: int) -> _Verdicts:
        """Those on one class."""
        own = self.labels == label
        return _Verdicts(self.right[own], self.labels[own])


# What a name ends in where real images take the place of generated ones
REAL = " real"


def _metric(
    name: str, results: dict[str, _Verdicts], label: int | None = None, kind: str | None = None
) -> Metric:
    """An accuracy, of all or of one class, beside that of real images."""

    own, real = results[name], results.get(f"{name.removesuffix(' all drawn')}{REAL}")
    if label is not None:
        own, real = own.of_class(label), real and real.of_class(label)
    low, high = own.interval()
    return Metric(
        name,
        own.accuracy,
        class_name=kind,
        low=low,
        high=high,
        n=len(own.right),
        unit="share",
        label=name.replace("[", " (").replace("] ", "), ").replace("]", ")"),
        reference=real.accuracy if real else None,
    )


def common_labels(context: EvaluationContext) -> tuple[list[int], list[str]]:
    """The classes that can be judged, and a sentence for each that cannot."""
    assert context.generated is not None  # in needs
    labels, warnings = [], []
    counts = (context.generated.counts(), context.train.counts(), context.test.counts())
    for label, name in enumerate(context.train.classes):
        generated, real, test = (count[name] for count in counts)
        enough = generated >= real or name in context.generators
        if generated and enough and real >= FEWEST and test:
            labels.append(label)
        else:
            warnings.append(
                f"gantest left out {name}: it has {generated} generated, {real} training and "
                f"{test} test images, but needs 1, {FEWEST} and 1."
            )
    return labels, warnings


def as_many(generated: ImageSet, real: ImageSet, context: EvaluationContext) -> ImageSet:
    """As many generated images of each class as there are real ones.

    The first of the arm's own; where it has fewer, its generators draw the rest.
    """
    parts = []
    labels = real.labels.sort().values
    for label in labels.unique().tolist():
        wanted = int((labels == label).sum())
        own = generated.images[generated.labels == label][:wanted]
        parts.append(own)
        if missing := wanted - len(own):
            name = context.train.classes[label]
            parts.append(context.draw(name, missing, derive_seed(context.seed, "more", name)))
    ids = tuple(map(str, range(len(labels))))
    return ImageSet(torch.cat(parts), labels, context.train.classes, ids)


class GANTest(Evaluator):
    """GAN-test and GAN-train, after Shmelkov, Schmid and Alahari (ECCV 2018).

    GAN-test asks the classifier of the real training images about the generated ones: whether they
    show what they are said to show. GAN-train asks a classifier of generated images alone about the
    real test images: whether there is enough in them to learn from. Here it is a linear probe on
    the features of the former, so it says what generated images add to features that real images
    have shaped, and takes seconds.
    """

    options_class = GANTestOptions
    title = "GAN-test and GAN-train"
    guide = (
        "GAN-test is the accuracy of the classifier of real images on the generated ones: far "
        "below its value on real test images, they do not show what they are said to show; above "
        "it, they are the easy ones, or copies. GAN-train is the accuracy on real test images of a "
        "probe that has learned from generated images alone: below that of real ones, classes are "
        "mixed up or variety is missing; near it or slightly above, they could stand in for them."
    )

    @property
    def needs(self) -> frozenset[str]:
        """Generated images, their generators where more are needed, and the embedder."""
        return frozenset({"generated", "generators", "embedder"})

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Judge the generated images; see :class:`neuplug.Evaluator`.

        Returns:
            ``GAN-test[...]``: accuracy on the generated images; its ``real`` is that on the real
            test images. ``GAN-train, linear probe[...]``: accuracy on the real test images of a
            probe fitted on as many generated images as there are real training images; ``all
            drawn``, fitted on all that the arm has, where these are more; ``real``, fitted on the
            real training images. Each with its interval and class by class. ``n real`` is the
            number of real training images.

        Raises:
            NeuplugError: If no class can be judged.
        """
        assert context.generated is not None and context.embedder is not None  # in needs
        labels, warnings = common_labels(context)
        if not labels:
            raise NeuplugError(f"gantest has nothing to judge. {' '.join(warnings)}")
        generated, real, test = (
            images.subset(torch.isin(images.labels, torch.tensor(labels)).nonzero().flatten())
            for images in (context.generated, context.train, context.test)
        )
        results = self._gan_test(context.embedder, generated, test)
        if self.options.probe and len(labels) > 1:
            results |= self._gan_train(context, generated, real, test)
        elif self.options.probe:
            warnings.append("gantest: GAN-train takes two classes, and there is one.")
        metrics = [Metric("n real", len(real), unit="images", label="real training images")]
        metrics += [_metric(name, results) for name in results]
        for label in labels:
            kind = context.train.classes[label]
            metrics += [_metric(name, results, label, kind) for name in results]
        return Evaluation(metrics, warnings=tuple(warnings))

    def _gan_test(
        self, embedder: Embedder, generated: ImageSet, test: ImageSet
    ) -> dict[str, _Verdicts]:
        classify = embedder.classify
        if classify is None:
            raise NeuplugError(f"gantest: {embedder.name} gives features, and no classes.")
        name = f"GAN-test[{embedder.name}]"
        return {
            key: _Verdicts(classify(part.images).argmax(1) == part.labels, part.labels)
            for key, part in ((name, generated), (f"{name} real", test))
        }

    def _gan_train(
        self, context: EvaluationContext, generated: ImageSet, real: ImageSet, test: ImageSet
    ) -> dict[str, _Verdicts]:
        embedder = context.embedder
        assert embedder is not None
        name = f"GAN-train, linear probe[{embedder.name}]"
        sources = {name: as_many(generated, real, context), f"{name} real": real}
        drawn, wanted = generated.counts(), real.counts()
        if len(generated) > len(real) and all(drawn[kind] >= wanted[kind] for kind in wanted):
            sources[f"{name} all drawn"] = generated
        unseen = embedder.embed(test.images)
        found = {}
        for key, source in sources.items():
            seed = derive_seed(context.seed, "folds")
            features = embedder.embed(source.images)
            called = probe(features, source.labels, unseen, self.options.folds, seed)
            found[key] = _Verdicts(called == test.labels, test.labels)
        return found
