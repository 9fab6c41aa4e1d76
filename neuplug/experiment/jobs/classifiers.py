"""The job of training a classifier, and the classifier that a finished one left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from neuplug.data.dataset import Dataset
from neuplug.errors import TrainingDiverged
from neuplug.experiment.blame import blame
from neuplug.experiment.jobs.components import load_augmenters, load_component
from neuplug.experiment.jobs.leftovers import refuse_empty
from neuplug.experiment.jobs.workbench import Workbench, held_out
from neuplug.experiment.plan import Job
from neuplug.interfaces import Progress
from neuplug.profiling import profile_classifier
from neuplug.tensorfile import save_tree
from neuplug.training import FittedClassifier, check_logits, fit_classifier
from neuplug.training_options import TrainingOptions


def train(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    """Train a classifier and let it predict."""
    task = job.task
    dataset = bench.dataset(task["dataset"])
    refuse_empty(bench, task["pool"], task["classes"], task["case"])
    images = bench.training_set(task["pool"], dataset, task["classes"])
    classifier = load_component(task["component"])
    options = TrainingOptions.parse(task["training"], "training")
    indices = task["indices"]
    val = held_out(dataset, indices["val"]) if indices["val"] else None
    augmenter = load_augmenters(task["online"])
    context = bench.fit_context(job, progress)
    start = bench.tree(task["start"], "classifier") if task["start"] else None
    with blame(task["component"]):
        fitted, record = fit_classifier(
            classifier, images, options, context, val=val, augmenter=augmenter, start=start
        )
        predictions = {"logits": fitted.predict(dataset.images, indices["test"])}
        if task.get("score_val"):
            predictions["logits_val"] = fitted.predict(dataset.images, indices["val"])
        if indices["all"]:
            predictions["logits_all"] = fitted.predict(dataset.images, indices["all"])
        for logits in predictions.values():
            _check(logits, len(dataset.images.classes), task["component"], job.title, options)
        profile = asdict(profile_classifier(fitted, dataset.images))
    save_tree(fitted.state_dict(), folder / "classifier.safetensors")
    save_tree(predictions, folder / "predictions.safetensors")
    return {
        "curves": record.curves,
        "train_images": dict(Counter(images.origins)),
        "steps": options.total_steps(len(images)),
        "profile": profile,
    }


def _check(
    logits: Tensor, classes: int, reference: Mapping[str, Any], title: str, options: TrainingOptions
) -> None:
    """Refuse predictions that no metric can be made of."""
    check_logits(logits, (len(logits), classes))
    if not logits.isfinite().all():
        distribution = reference["distribution"]
        raise TrainingDiverged(
            f"{title}: after training, the network of {reference['name']} of {distribution} "
            f"{reference['version']} returns logits that are not finite; lower the learning rate "
            f"(lr = {options.lr}), or see what 'neuplug plugins check {distribution}' finds."
        )


def load_trained(
    bench: Workbench, trained: Mapping[str, Any], dataset: Dataset
) -> FittedClassifier:
    """The classifier of a finished job.

    Args:
        bench: Where the job is.
        trained: ``key`` of the job and ``component``, the classifier's plain description.
        dataset: That it was trained on.
    """
    reference = trained["component"]
    state = bench.tree(trained["key"], "classifier")
    with blame(reference):
        return FittedClassifier.load(
            load_component(reference),
            state,
            len(dataset.images.classes),
            dataset.images.image_size,
            bench.device,
        )
