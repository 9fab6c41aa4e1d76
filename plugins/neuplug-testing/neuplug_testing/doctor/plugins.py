"""The plugins that are installed, and what is wrong with any."""

from __future__ import annotations

import os

from neuplug.plugins.distributions import canonical
from neuplug.plugins.registry import Registry
from neuplug_testing.doctor.finding import Part


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
    part = Part("plugins", facts)
    _judge_problems(part, registry)
    _judge_kinds(part, registry)
    _judge_blocklist(part, registry)
    return part


def _judge_problems(part: Part, registry: Registry) -> None:
    strict = os.environ.get("NEUPLUG_STRICT") == "1"
    tell = part.fault if strict else part.warn
    for problem in registry.problems:
        if problem.error is None:
            continue  # the user has blocked it
        said = f"{problem.distribution} {problem.version}: {problem.message}"
        if strict:
            said += " (and NEUPLUG_STRICT=1 lets nothing run beside it)"
        tell(
            said,
            f"pip install --upgrade {problem.distribution}, or leave it out: "
            f"NEUPLUG_BLOCK={problem.distribution}",
        )


def _judge_kinds(part: Part, registry: Registry) -> None:
    """Say which kind of component is missing."""
    advice = "pip install 'neuplug[standard]'"
    if not registry.of_kind("classifier"):
        part.fault("no plugin offers a classifier, and every run needs one", advice)
    if not any(registry.of_kind(kind) for kind in ("augmenter", "mixer", "generator")):
        said = "no plugin offers an augmenter or a generator, so there is nothing to compare"
        part.warn(said, advice)


def _judge_blocklist(part: Part, registry: Registry) -> None:
    """Say which names in the blocklist block nothing."""
    names = [p.distribution for p in registry.components]
    names += [p.distribution for p in registry.problems]
    known = set(map(canonical, names))
    for item in os.environ.get("NEUPLUG_BLOCK", "").split(","):
        name = item.strip().partition(":")[0]
        if name and canonical(name) not in known:
            part.warn(
                f"NEUPLUG_BLOCK names {name}, which is not an installed plugin",
                "correct the name (see neuplug plugins), or take it out",
            )
