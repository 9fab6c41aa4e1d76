"""The smallest amounts: no image, and one."""

from __future__ import annotations

from torch import Tensor

from neuplug.errors import InputError
from neuplug_testing.law import Broken, is_sentence, law
from neuplug_testing.subjects import ComponentSubject, told
from neuplug_testing.work import augment, classify, generate, to_draw, to_learn


def _made_of(subject: ComponentSubject, n: int) -> Tensor:
    """What it makes of ``n`` images or labels."""
    run, _ = subject.worked()
    if subject.kind == "generator":
        images: Tensor = run.component.sample(to_draw(run.component, n), 1)
        return images
    work = augment if subject.kind == "augmenter" else classify
    found: Tensor = work(run.component, subject.form, 1, subject.folder(), n).value
    return found


def _is_usual(subject: ComponentSubject, found: Tensor, n: int, what: str) -> None:
    """Hold ``n`` results, made of ``what``, against those of the usual amount."""
    _, done = subject.worked()
    shape = (n, *done.value.shape[1:])
    if found.dtype != done.value.dtype or tuple(found.shape) != shape:
        raise Broken(
            f"With {what} it returned {found.dtype} {tuple(found.shape)} instead of "
            f"{done.value.dtype} {shape}."
        )


def _takes(subject: ComponentSubject, n: int, what: str) -> None:
    try:
        found = _made_of(subject, n)
    except Exception as error:
        raise Broken(f"With {what} it fails: {told(error)}.") from error
    _is_usual(subject, found, n, what)


@law(
    "augmenter",
    "generator",
    "classifier",
    advice="Take what is needed from shapes, as in flatten(1) and torch.empty(n, ..., "
    "dtype=torch.uint8), and neither a minimum, a mean nor torch.stack of nothing.",
)
def takes_an_empty_batch(subject: ComponentSubject) -> None:
    """Of no image, or no label, it makes nothing, of the usual shape and type."""
    subject.worked()
    _takes(subject, 0, "no label" if subject.kind == "generator" else "no image")


@law(
    "augmenter",
    "generator",
    "classifier",
    advice="Use no squeeze() without a dimension and no statistics of the batch. A generator that "
    "one image of a class is too few for says so by an InputError, in a sentence.",
)
def takes_a_single_image(subject: ComponentSubject) -> None:
    """One image is a batch too; a generator fits on one image of a class, or refuses to."""
    _, done = subject.worked()
    if subject.kind != "generator":
        _takes(subject, 1, "a single image")
        return
    what, generator = "one training image of a class", subject.make()
    train = to_learn(generator, subject.form)
    few = train.subset(range(len(train.classes)))  # the classes take turns
    try:
        drawn = generate(generator, subject.form, 1, subject.folder(), train=few).value
    except InputError as refusal:
        if not is_sentence(str(refusal)):
            raise Broken(
                f"It refuses {what} with {str(refusal)!r}, which is no sentence."
            ) from None
        return
    except Exception as error:
        raise Broken(f"With {what} its fit fails: {told(error)}.") from error
    _is_usual(subject, drawn, len(done.value), what)


LAWS = (takes_an_empty_batch, takes_a_single_image)
