"""The component ``fid``. torch-fidelity takes seconds to load, so only ``evaluate`` loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import torch

from neuplug import Evaluation, EvaluationContext, Evaluator, ImageSet, derive_seed
from neuplug_fid.options import CLASSIFIER, FIDOptions
from neuplug_fid.sample import Sample, common_labels, generated_sets, of_classes, warnings_on
from neuplug_fid.space import choose_space
from neuplug_figures.drawing import write_figure


class FID(Evaluator):
    """Fréchet and kernel distance, precision and recall, by torch-fidelity.

    Beside them what few images call for: the Fréchet distance extrapolated to infinitely many
    generated images, intervals, density and coverage.
    """

    options_class = FIDOptions
    quick_options: ClassVar[dict[str, Any]] = {"kid_subsets": 5, "halvings": 1}
    title = "Distances from the real images"
    guide = (
        "Fréchet and kernel distance: 0 is best; compare them with those of other generators by "
        "the same features and from as many images. The value of real images is their floor, what "
        "two halves of them have: it stands beside the value at n floor, of as many generated "
        "images as a half has, and where there is none beside the value itself. Precision and "
        "density: whether generated images lie among the real ones; recall and coverage: whether "
        "they reach all of them. The "
        "Fréchet distance comes out too high with few images. Where it is given at infinity, a "
        "figure has it against 1/N, with N generated images: the line meets infinity at the left "
        "edge, and that is the value to compare. A classifier of this run has learnt the real "
        "training images: with its features unseen real images lie above the floor, too."
    )

    @property
    def needs(self) -> frozenset[str]:
        """The embedder with ``extractor=classifier``, the generators with several ``sets``."""
        needs = {"generated"}
        if self.options.extractor == CLASSIFIER:
            needs.add("embedder")
        if self.options.sets > 1:
            needs.add("generators")
        return frozenset(needs)

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse an extractor that does not exist, or whose weights are missing or unfit."""
        options: FIDOptions = self.options
        if options.against != "real":
            options.load_augmenter().check_images(in_chans, image_size)
        if options.extractor != CLASSIFIER:
            from neuplug_fid.extractors import check

            check(options.extractor, options.weights, options.layer)

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Measure the generated against the real images; see :class:`neuplug.Evaluator`.

        Returns:
            ``fid`` and ``kid`` on Inception's features, ``frechet[...]`` and ``kernel[...]`` on
            others, ``precision[...]``, ``recall[...]``, ``density[...]`` and ``coverage[...]``,
            each of the generated images in a set; ``n real`` is the number of real ones, ``n
            floor`` of those in a half. A figure of each Fréchet distance against 1/N.

        Raises:
            InputError: If the extractor's weights are missing or unfit.
            NeuplugError: If no class can be compared, or features are not finite.
        """
        from neuplug_fid.comparison import Comparison
        from neuplug_fid.extrapolation import draw

        options: FIDOptions = self.options
        reference: ImageSet = context.train if options.reference == "train" else context.test
        labels = common_labels(reference, context, options.sets > 1)
        drawn = generated_sets(reference, labels, context, options.sets)
        space = choose_space(options, context.embedder, context.device)
        # of all classes, so that arms which generate different ones share what is stored
        whole = Sample(space.features(reference.images, True), reference.labels)
        compared = of_classes(reference, labels)

        def sample(features: dict[str, torch.Tensor], truth: torch.Tensor) -> Sample:
            points = Sample(features, truth)
            return points if space.fixed else points.standardised(whole)

        sets = [sample(space.features(s.images, False), s.labels) for s in drawn]
        real = sample(dict(whole.features), whole.labels).pick(compared)
        comparison = Comparison(options, space, derive_seed(context.seed, "halvings"))
        if options.against != "augmented":
            comparison.compare(sets, real, reference.classes)
        if options.against != "real":
            rng = torch.Generator().manual_seed(derive_seed(context.seed, "augmented"))
            images = options.load_augmenter().augment(reference.images, rng)
            changed = sample(space.features(images, True), reference.labels).pick(compared)
            comparison.compare(sets, changed, reference.classes, " vs augmented")
        warnings = [*space.warnings, *warnings_on(reference, drawn[0], labels)]
        warnings += comparison.warnings
        figures: list[Path] = []
        for where, line in comparison.lines.items():
            kind = "augmented" if where else "real"
            name = f"{space.call('fid')[0]}{where}"
            figure = draw(name, f"{len(real)} {kind} images, always the same", line)
            stem = context.folder / f"frechet{where}".replace(" ", "-")
            figures += write_figure(stem, figure)
        return Evaluation(tuple(comparison.metrics), tuple(figures), tuple(dict.fromkeys(warnings)))
