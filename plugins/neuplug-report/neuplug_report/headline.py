"""The heading of the page: the whole run in a few short sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neuplug.experiment.results import Comparison, RunResults
from neuplug.experiment.summary.wording import (
    ALONE,
    BESIDE,
    MARKS,
    NOTHING,
    claim,
    listing,
    margin,
    ranked,
    same_sentences,
    than,
    without_controls,
)

_NAMED = 6  # arms that the headline names at most


def headline(results: RunResults) -> list[tuple[str, str]]:
    """The whole run in a few short sentences without figures, each with its verdict.

    First what helps beside ``none``, then what generators do beside the best classical arm.
    Controls are left out where there is anything else.
    """
    said = _compared(results)
    said += [("no evidence", text) for text in same_sentences(results)]
    return said or [("no evidence", NOTHING)]


def _compared(results: RunResults) -> list[tuple[str, str]]:
    found = without_controls(ranked(results), results)
    more = results.compared("more images")
    if not found and not more:
        return []
    if all(c.verdict == "one repeat" for c in found or more):
        return [("one repeat", "One repeat: no verdict, add --repeats.")]
    if not found:
        better = sum(c.verdict == "helps" for c in more)
        text = f"More real images are better in {better or 'none'} of {_comparisons(more)}."
        return [("helps" if better else "no evidence", text)]
    clauses = _clauses(found, ALONE)
    beside = results.compared("best classical")
    others = _clauses(beside, BESIDE, "the best classical arm")
    if len(clauses) <= 3 and len(others) <= 2 and len({c.arm for c in found}) <= _NAMED:
        return clauses + others
    count = _count(found)
    text = f"Augmentation helps in {count['helps'] or 'none'} of {_comparisons(found)}"
    if count["harms"]:
        text += f", harms in {count['harms']}"
    if count["equivalent"]:
        text += f", neither helps nor harms in {count['equivalent']}"
    if undecided := count["no evidence"] + count["one repeat"]:
        text += f"; no evidence in {undecided}"
    clear = "equivalent" if count["equivalent"] == len(found) else "no evidence"
    short = [("helps" if count["helps"] else clear, f"{text}.")]
    if beside:
        count = _count(beside)
        better, worse = count["helps"], count["harms"]
        text = f"Generated images beat the best classical arm in {better or 'none'} of "
        text += _comparisons(beside) + (f", are worse in {worse}" if worse else "")
        verdict = "helps" if better else "harms" if worse else "no evidence"
        short.append((verdict, f"{text}."))
    return short


def _comparisons(found: Sequence[Comparison]) -> str:
    return f"{len(found)} comparison{'s' * (len(found) != 1)}"


def _count(found: Sequence[Comparison]) -> dict[str, int]:
    return {verdict: sum(c.verdict == verdict for c in found) for verdict in MARKS}


def _clauses(
    found: Sequence[Comparison], verbs: Mapping[str, tuple[str, str]], rival: str = ""
) -> list[tuple[str, str]]:
    """``dcgan and flip help mobilenetv2.``: arms with the same verdict on the same classifiers.

    Args:
        found: The comparisons.
        verbs: By verdict the verb after one arm, and after several.
        rival: What the arms are compared with, where that is said.
    """
    clauses = []
    for verdict in MARKS:
        touched: dict[str, list[str]] = {}
        for c in found:
            if c.verdict == verdict:
                touched.setdefault(c.arm, []).append(c.classifier)
        together: dict[tuple[str, ...], list[str]] = {}
        for arm, classifiers in touched.items():
            together.setdefault(tuple(sorted(classifiers)), []).append(arm)
        for shared, arms in together.items():
            who, whom = listing(arms), listing(shared)
            if verdict == "one repeat":
                text = f"One repeat of {who} with {whom}: no verdict, add --repeats."
            else:
                does = verbs[verdict][len(arms) > 1]
                beside = f" {than(verdict)} {rival}" if rival else ""
                one = next(c for c in found if c.verdict == verdict)
                limit = margin(one) if verdict == "equivalent" else ""
                text = f"{claim(verdict, f'{who} {does} {whom}')}{beside}{limit}."
            if verdict == "no evidence":  # other clauses begin with the name of an arm
                text = f"N{text[1:]}"
            clauses.append((verdict, text))
    return clauses
