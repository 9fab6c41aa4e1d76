"""Every law has a component that breaks it alone, and the checks say which it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from neuplug import discover
from neuplug_testing.checking import component_cases
from neuplug_testing.law import PLUGIN, Outcome
from neuplug_testing.laws import LAWS
from neuplug_testing.pictures import STANDARD

from .conftest import SITE

KINDS = {"AUGMENTERS": "augmenter", "MIXERS": "mixer", "GENERATORS": "generator"} | {
    "CLASSIFIERS": "classifier",
    "EVALUATORS": "evaluator",
}
SEVERAL = {
    "floats": {f"takes-{form}" for form in STANDARD},
    "bytes": {f"takes-{form}" for form in STANDARD},
    "even": {"takes-grey-45x37", "takes-rgb-45x37"},
    "grey": {f"takes-{form}" for form in STANDARD if form.channels == 3},
}


def faults() -> Iterator[tuple[str, str]]:
    sys.path.insert(0, str(SITE))
    try:
        from acme_laws import fault_names
    finally:
        sys.path.remove(str(SITE))
    for table, kind in KINDS.items():
        for name in vars(fault_names)[table]:
            yield name, kind
    yield "is-documented_blank", "augmenter"


FAULTS = list(faults())


def laws_of(name: str) -> set[str]:
    return SEVERAL.get(name) or {name.partition("_")[0]}


def check(name: str, kind: str, distribution: str) -> list[Outcome]:
    provided = discover().resolve(f"{distribution}:{name}", (kind,))
    return [case.run() for case in component_cases(provided)]


def slowly(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """A mixer's fault that an augmenter has, too, is looked for where there is time."""
    return (pytest.mark.slow,) if name.endswith("_mixer") and name != "loads_mixer" else ()


@pytest.mark.parametrize(
    ("name", "kind"), [pytest.param(n, k, id=n, marks=slowly(n)) for n, k in FAULTS]
)
def test_a_fault_breaks_its_law_and_no_other(name: str, kind: str) -> None:
    failed = {o.law: o.message for o in check(name, kind, "acme-faults") if o.status == "failed"}
    assert failed.keys() == laws_of(name), failed
    advice = {law.name: law.advice for law in LAWS}
    for law, message in failed.items():
        assert message.endswith(advice[law])
        assert len(message) > len(advice[law]) + 10  # and what was seen


def test_every_law_has_a_fault() -> None:
    broken = set().union(*(laws_of(name) for name, _ in FAULTS))
    assert broken == {law.name for law in LAWS if PLUGIN not in law.kinds}


def test_names_and_sentences() -> None:
    assert len({law.name for law in LAWS}) == len(LAWS)
    for law in LAWS:
        assert law.statement.endswith(".")
        assert law.advice.endswith(".")


NO_LATENTS = {
    "decodes-to-grey-levels",
    "decodes-each-latent-by-itself",
    "decodes-with-gradients",
}
COLD = {"classes-start-from-its-pretraining"}
ONE_CLASS = NO_LATENTS | {"labels-decide", "each-image-shows-its-label"}
SOUND = {
    "acme-noise": ("augmenter", set()),
    "acme-twofold": ("augmenter", set()),
    "acme-stretch": ("augmenter", {"other-seed-other-result", "every-batch-is-new"}),
    "acme-tint": ("augmenter", {f"takes-{f}" for f in STANDARD if f.channels == 1}),
    "acme-seeing": ("augmenter", set()),
    "acme-process": ("augmenter", {"stays-offline", "writes-nowhere-else"}),
    "acme-blend": ("mixer", set()),
    "acme-seldom": ("mixer", set()),
    "acme-jitter": ("generator", ONE_CLASS | COLD),
    "acme-warm": ("generator", ONE_CLASS),
    "acme-pairs": ("generator", ONE_CLASS | COLD),
    "acme-jitters": ("generator", NO_LATENTS | COLD),
    "acme-mixture": ("generator", {"an-interrupted-fit-goes-on"} | COLD),
    "acme-net": ("classifier", set()),
    "acme-normed": ("classifier", set()),
    "acme-grey": ("classifier", {f"takes-{f}" for f in STANDARD if f.channels == 3}),
    "acme-large": ("classifier", {f"takes-{form}" for form in STANDARD}),
    "acme-count": ("evaluator", set()),
    "acme-sure": ("evaluator", {"says-what-it-cannot-measure"}),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_component_breaks_none(name: str) -> None:
    kind, unchecked = SOUND[name]
    outcomes = check(name, kind, "acme-sound")
    assert [o for o in outcomes if o.status == "failed"] == []
    skipped = {o.law: o.message for o in outcomes if o.status == "skipped"}
    assert unchecked <= skipped.keys()
    assert skipped.keys() - unchecked <= {"bounds-of-options-hold", "workers-differ"}
    assert all(skipped.values())
