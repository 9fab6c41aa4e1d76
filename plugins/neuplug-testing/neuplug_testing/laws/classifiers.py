"""What classifiers owe besides."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from neuplug.plugins.generator import FitContext
from neuplug.seeds import seeded
from neuplug.storage.tensorfile import tree_bytes, tree_from
from neuplug.training.fitted import FittedClassifier
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions
from neuplug_testing.law import Broken, Unchecked, law, may_fail, must_work
from neuplug_testing.pictures import CLASSES, PER_CLASS, training_set
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import CPU, DRAWN, ROUNDING, alike, build

BATCH = 8
# Steps in which every image is seen once, so that losses of two passes are of the same images
PASS = len(CLASSES) * PER_CLASS // BATCH

# Of the longest training, and those after which it is looked at: most networks learn soon
PASSES, LOOK = 27, 3

# Part of the first loss that a later one is below where something has been learnt
FALLEN = 0.9


@functools.lru_cache(maxsize=1)
def _built(subject: ComponentSubject, num_classes: int = 2) -> tuple[FittedClassifier, Tensor]:
    """A network, made once for the laws that follow each other, and a batch for it."""
    fitted = build(subject.worked().component, subject.form, 1, num_classes)
    return fitted, fitted.prepare(training_set(subject.form).images[:DRAWN])


def _ask(fitted: FittedClassifier, question: Callable[[Any], Any]) -> Any:
    """What the network answers in ``eval()``; every question meets the same random state."""
    with torch.no_grad(), seeded(1, CPU):
        return question(fitted.module.eval())


@law("classifier")
def respects_num_classes(subject: ComponentSubject) -> None:
    """There are as many logits as classes.

    Give the last layer num_classes outputs.
    """
    for num_classes in (7, 2):
        fitted, batch = _built(subject, num_classes)
        shape = tuple(_ask(fitted, lambda net: net(batch)).shape)  # noqa: B023 - asked at once
        if shape != (DRAWN, num_classes):
            raise Broken(f"With num_classes={num_classes} the logits have the shape {shape}.")


@law("classifier")
def has_features(subject: ComponentSubject) -> None:
    """``forward_features`` returns finite embeddings (N, F).

    Give the module a method forward_features that returns one vector for each image, as timm's
    networks have; forward puts the last layer on it.
    """
    fitted, batch = _built(subject)
    if not hasattr(fitted.module, "forward_features"):
        raise Broken("Its module has no forward_features.")
    found = _ask(fitted, lambda net: net.forward_features(batch))
    if found.ndim != 2 or len(found) != DRAWN:
        raise Broken(f"forward_features returns {tuple(found.shape)} instead of (N, F).")
    if not found.isfinite().all():
        raise Broken("forward_features returns numbers that are not finite.")


@law("classifier")
def head_follows_features(subject: ComponentSubject) -> None:
    """A ``forward_head``, where there is one, gives features the logits of their images.

    Let forward be forward_head of forward_features: where the trunk is frozen, the head is trained
    by itself, on features.
    """
    fitted, batch = _built(subject)
    if not hasattr(fitted.module, "forward_head"):
        return
    with must_work("Its forward_head does not take its features"):
        logits = _ask(fitted, lambda net: net.forward_head(net.forward_features(batch)))
    if not alike(_ask(fitted, lambda net: net(batch)), logits, ROUNDING):
        raise Broken("The logits of forward_head are not those of forward.")


@law("classifier")
def every_parameter_has_a_gradient(subject: ComponentSubject) -> None:
    """A step backwards reaches every parameter, with finite numbers.

    Let every parameter take part in forward; drop those that do not, or set their requires_grad to
    false.
    """
    fitted, batch = _built(subject)
    module = fitted.module.train()
    with seeded(1, CPU):
        loss = torch.nn.functional.cross_entropy(module(batch).float(), torch.arange(DRAWN) % 2)
        loss.backward()
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and parameter.grad is None:
            raise Broken(f"The parameter {name} gets no gradient.")
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise Broken(f"The gradient of {name} is not finite.")


@law("classifier")
def eval_is_deterministic(subject: ComponentSubject) -> None:
    """In ``eval()`` the same images have the same logits.

    Switch dropout and the like off in eval(), by nn.Dropout or training=self.training.
    """
    fitted, batch = _built(subject)
    one, other = _ask(fitted, lambda net: (net(batch), net(batch)))
    if not torch.equal(one, other):
        raise Broken("In eval() the same images have other logits the second time.")


@law("classifier")
def weights_come_back(subject: ComponentSubject) -> None:
    """A network with the stored weights has the same logits, bit for bit.

    Register every tensor that forward uses as a parameter or a buffer, so that it is in state_dict.
    """
    fitted, batch = _built(subject)
    before = _ask(fitted, lambda net: net(batch))
    with must_work("Its weights cannot be stored and loaded"):
        state = tree_from(tree_bytes(fitted.state_dict()))
        size = subject.form.image_size
        other = FittedClassifier.load(subject.make(), state, 2, size, CPU)
    if not torch.equal(before, _ask(other, lambda net: net(batch))):
        raise Broken("A network with its stored weights has other logits.")


@functools.lru_cache(maxsize=1)
def _trained(subject: ComponentSubject) -> tuple[FittedClassifier, list[float]]:
    """A network that was trained until its loss had fallen, and the loss of each pass."""
    used, train, losses = subject.worked().component, training_set(subject.form), list[float]()
    options = TrainingOptions(
        steps=LOOK * PASS,
        batch=BATCH,
        evaluations=LOOK,
        lr=1e-3,
        schedule="constant",
        precision="fp32",
    )
    state: dict[str, Any] | None = None
    for part in range(1, PASSES // LOOK + 1):
        context = FitContext(CPU, part, "the classifier")
        fitted, record = fit_classifier(used, train, options, context, start=state)
        losses += [loss for _, loss in record.curves["train_loss"]]
        if losses[-1] < FALLEN * losses[0]:
            break
        state = fitted.state_dict()
    return fitted, losses


@law("classifier")
def learns(subject: ComponentSubject) -> None:
    """In neuplug's training the loss on lying and standing bars falls.

    See that gradients are neither cut off nor scaled away between the loss and the weights, and
    that the first weights are drawn at a sensible scale.
    """
    fitted, batch = _built(subject)
    if _ask(fitted, lambda net: net(batch)).shape[1:] != (2,):
        raise Unchecked("its logits are not one for each class; see the law respects-num-classes")
    _, losses = _trained(subject)
    if losses[-1] >= FALLEN * losses[0]:
        raise Broken(
            f"The loss does not fall: from {losses[0]:.3f} to {losses[-1]:.3f} in {PASSES * PASS} "
            "steps."
        )


@law("classifier")
def classifies_each_image_by_itself(subject: ComponentSubject) -> None:
    """In ``eval()`` a trained network gives an image the same logits, alone or among others.

    Let no image see another in eval(): BatchNorm with its running statistics, switched by train()
    and eval(), and neither a mean nor an attention over the batch.
    """
    with may_fail("it cannot be trained; see the law learns"):
        fitted, _ = _trained(subject)
    batch = fitted.prepare(training_set(subject.form).images[:DRAWN])
    together = _ask(fitted, lambda net: net(batch))
    with may_fail("it takes no single image; see takes-a-single-image"):
        alone = _ask(fitted, lambda net: torch.cat([net(one) for one in batch.split(1)]))
        alone = alone.view(together.shape)
    if not alike(together, alone, ROUNDING):
        raise Broken("In eval() an image alone has other logits than among others.")
