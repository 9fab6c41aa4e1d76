"""The components that plugins offer, and which one a user means by a name."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.commands import command_problems
from neuplug.plugins.discovery import Finder
from neuplug.plugins.distributions import Problem, identity, installed_distributions
from neuplug.plugins.hookspecs import COMPONENTS
from neuplug.plugins.names import canonical
from neuplug.plugins.spec import LOCAL, ComponentSpec, LocalComponent

_local: dict[str, LocalComponent] = {}


def offer_local(component: LocalComponent) -> str:
    """Make a component known in this process, by a name for :meth:`Registry.resolve`."""
    name = local_name(component.name, component.code)
    _local.setdefault(name, component)
    return f"{LOCAL}:{name}"


def local_name(name: str, code: str) -> str:
    """Of several of one name the one that is this."""
    return f"{name}-{code[:8]}"


@dataclass(frozen=True)
class Registry:
    """What :func:`discover` found.

    Attributes:
        components: All that are classes.
        recipes: All that are files.
    """

    components: tuple[ComponentSpec, ...]
    problems: tuple[Problem, ...]
    recipes: tuple[ComponentSpec, ...] = ()

    def of_kind(self, kind: str) -> tuple[ComponentSpec, ...]:
        """The components of one kind, by name."""
        return tuple(
            sorted(
                (p for p in (*self.components, *self.recipes) if p.kind == kind),
                key=lambda p: (p.name, p.distribution),
            )
        )

    def resolve(self, name: str, kinds: Iterable[str] = COMPONENTS) -> ComponentSpec:
        """Find the component that a user means.

        Args:
            name: ``name`` or ``distribution:name``.
            kinds: The kinds that are asked for. Augmenters and generators share a name space.

        Raises:
            InputError: If no plugin has it, or several do.
        """
        kinds = tuple(kinds)
        what = " or ".join(kinds) if len(kinds) < len(COMPONENTS) else "component"
        distribution, _, plain = name.rpartition(":")
        if distribution == LOCAL and plain in _local and _local[plain].kind in kinds:
            return _local[plain]
        offers = [p for p in (*self.components, *self.recipes) if p.kind in kinds]
        matches = [p for p in offers if p.name == plain]
        if distribution:
            wanted = canonical(distribution)
            matches = [p for p in matches if canonical(p.distribution) == wanted]
        if len(matches) == 1:
            return matches[0]
        if matches:
            providers = ", ".join(f"{p.distribution}:{p.name} ({p.kind})" for p in matches)
            if len({p.distribution for p in matches}) > 1:
                remedy = f"Say which one you mean, for example {matches[0].distribution}:{plain}."
            else:
                remedy = "Say which kind you mean."
            raise InputError(f"{plain} is offered more than once: {providers}. {remedy}")
        names = sorted({p.name for p in offers})
        hint = did_you_mean(plain, names)
        listing = f" There are: {', '.join(names)}." if names else " No plugin offers any."
        missing = f" {name_troubled(self.problems)}." if self.problems else ""
        raise InputError(
            f"no {what} is called {name!r}.{hint}{listing}{missing} See 'neuplug plugins'."
        )


def name_troubled(problems: Iterable[Problem]) -> str:
    """``neuplug-vae has a problem``: the plugins that have one; empty if all are well."""
    names = list(dict.fromkeys(problem.distribution for problem in problems))
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]} have problems"
    return f"{names[0]} has a problem" if names else ""


def discover(*, strict: bool | None = None) -> Registry:
    """Go through the entry points of the group ``neuplug``; cached for the life of the process.

    ``NEUPLUG_BLOCK`` names distributions (or ``distribution:entry``) that are left out, separated
    by commas. With ``NEUPLUG_STRICT=1`` the first problem is raised.

    Args:
        strict: Whether the first problem is raised; by default what ``NEUPLUG_STRICT`` says.

    Raises:
        PluginError: If strict, for the first problem.

    Example:
        >>> dcgan = neuplug.discover().resolve("dcgan")
        >>> dcgan.name, dcgan.kind, dcgan.distribution, dcgan.load().__name__
        ('dcgan', 'generator', 'neuplug-dcgan', 'DCGAN')
    """
    if strict is None:
        strict = os.environ.get("NEUPLUG_STRICT") == "1"
    return _discover(os.environ.get("NEUPLUG_BLOCK", ""), strict, tuple(sys.path))


@functools.cache
def _discover(blocklist: str, strict: bool, path: tuple[str, ...]) -> Registry:
    del path  # part of the cache key: what is installed depends on it
    finder = Finder(blocklist, strict)
    installed = sorted(installed_distributions(), key=lambda d: canonical(identity(d)[0]))
    for distribution in installed:
        finder.visit(distribution)
    return Registry(
        tuple(c for c in finder.components if c.kind in COMPONENTS),
        (*finder.problems, *command_problems()),
        tuple(c for c in finder.components if c.kind not in COMPONENTS),
    )
