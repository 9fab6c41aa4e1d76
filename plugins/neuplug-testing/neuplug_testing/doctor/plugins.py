"""The plugins that are installed, and what is wrong with any."""

from __future__ import annotations

import os
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from neuplug.plugins.registry import Registry
from neuplug_testing.doctor.finding import Finding, Part

TOPIC = "plugins"


def look(registry: Registry) -> Part:
    """What discovery found.

    Returns:
        ``distributions`` with their components, and ``problems``.
    """
    offers: dict[tuple[str, str], list[str]] = {}
    for provided in registry.components:
        offers.setdefault((provided.distribution, provided.version), []).append(provided.name)
    facts = {
        "distributions": [
            {"name": name, "version": version, "components": sorted(components)}
            for (name, version), components in sorted(offers.items())
        ],
        "problems": [
            {"distribution": p.distribution, "version": p.version, "message": p.message}
            for p in registry.problems
        ],
    }
    return Part(facts, [*_problems(registry), *_missing(registry), *_misspelt(registry)])


def _problems(registry: Registry) -> Iterator[Finding]:
    strict = os.environ.get("NEUPLUG_STRICT") == "1"
    for problem in registry.problems:
        if problem.error is None:
            continue  # the user has blocked it
        source = f"{problem.distribution} {problem.version}"
        advice = (
            f"pip install --upgrade {problem.distribution}, or leave it out: "
            f"NEUPLUG_BLOCK={problem.distribution}"
        )
        said = f"{source}: {problem.message}"
        if strict:
            said += " (and NEUPLUG_STRICT=1 lets nothing run beside it)"
        yield Finding(TOPIC, "fault" if strict else "warning", said, advice)


def _missing(registry: Registry) -> Iterator[Finding]:
    advice = "pip install 'neuplug[standard]'"
    if not registry.of_kind("classifier"):
        said = "no plugin offers a classifier, and every run needs one"
        yield Finding(TOPIC, "fault", said, advice)
    if not registry.of_kind("augmenter") and not registry.of_kind("generator"):
        said = "no plugin offers an augmenter or a generator, so there is nothing to compare"
        yield Finding(TOPIC, "warning", said, advice)


def _misspelt(registry: Registry) -> Iterator[Finding]:
    """Names in the blocklist that block nothing."""
    names = [p.distribution for p in registry.components]
    names += [p.distribution for p in registry.problems]
    known = {canonicalize_name(name) for name in names}
    for item in os.environ.get("NEUPLUG_BLOCK", "").split(","):
        name = item.strip().partition(":")[0]
        if name and canonicalize_name(name) not in known:
            yield Finding(
                TOPIC,
                "warning",
                f"NEUPLUG_BLOCK names {name}, which is no installed plugin",
                "correct the name (see neuplug plugins), or take it out",
            )
