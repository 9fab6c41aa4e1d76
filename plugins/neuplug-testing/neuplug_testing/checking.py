"""Checking laws: which hold for what is installed, and what comes of each."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.distributions import canonical, identity, installed_distributions
from neuplug.plugins.isolation import Fault, isolated, told
from neuplug.plugins.registry import ComponentSpec, discover
from neuplug_testing.law import Broken, Law, LawsBroken, Outcome, Unchecked
from neuplug_testing.laws import LAWS
from neuplug_testing.settings import kept_settings
from neuplug_testing.subjects import ComponentSubject, PluginSubject
from neuplug_testing.watch import working_in

# Component names to options
OptionsOf = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class LawCheck:
    """One law and what it is checked on."""

    law: Law
    subject: PluginSubject | ComponentSubject

    def __str__(self) -> str:
        return f"{self.subject.name}-{self.law.name}"

    def run(self) -> Outcome:
        """Check it; whatever the component raises becomes an outcome."""
        about = (self.subject.name, self.subject.kind, self.law.name)
        try:
            # what a component writes must not land in its author's working folder, and what it
            # sets must not change what another law finds
            with (
                tempfile.TemporaryDirectory(prefix="neuplug-testing-") as folder,
                working_in(Path(folder)),
                isolated(self.subject.name, Unchecked, Broken),
                kept_settings(),
            ):
                self.law.check(self.subject)
        except Unchecked as reason:
            return Outcome(*about, "skipped", str(reason))
        except Broken as seen:
            return Outcome(*about, "failed", f"{seen} {self.law.advice}")
        except Fault as fault:
            return Outcome(*about, "failed", f"It fails: {fault}. {self.law.advice}")
        except KeyboardInterrupt as error:
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                raise  # else it is the plugin's own: in a process of ours Ctrl-C does not arrive
            return Outcome(*about, "failed", f"It raises {told(error)}. {self.law.advice}")
        return Outcome(*about, "passed")


def plugin_cases(
    distribution: str,
    options: OptionsOf | None = None,
    laws: Collection[str] = (),
    fast: bool = False,
) -> list[LawCheck]:
    """Every law that holds for an installed plugin and for its components.

    Args:
        distribution: Its name, as pip knows it.
        options: For some components, on top of their ``quick_options``.
        laws: Names of the only ones that are wanted; all if empty.
        fast: Whether only those are wanted that take little time.

    Raises:
        InputError: If no such plugin is installed, it has no such component or option, there is no
            law of a name, or none is left.

    Example:
        >>> case = neuplug_testing.plugin_cases("neuplug-controls")[0]
        >>> str(case), case.run().status
        ('neuplug-controls-is-discovered', 'passed')
    """
    _refuse_unknown(laws)
    plugin = _installed(distribution)
    wanted = dict(options or {})
    cases = _cases(plugin)
    for provided in plugin.components:
        cases += component_cases(provided, wanted.pop(provided.name, None))
    for name in wanted:
        known = [provided.name for provided in plugin.components]
        raise InputError(
            f"{plugin.name} has no component {name!r}.{did_you_mean(name, known)} "
            f"It has: {', '.join(known) or 'none'}."
        )
    chosen = [c for c in cases if c.law.name in (laws or {c.law.name}) and (c.law.fast or not fast)]
    if not chosen:
        which = f"the law{'s' * (len(laws) > 1)} {' and '.join(laws)}" if laws else "no law"
        but = " with --fast" if fast else f" for what {plugin.name} offers"
        raise InputError(f"{which} cannot be checked{but}: leave out --law or --fast.")
    return chosen


def _refuse_unknown(laws: Collection[str]) -> None:
    names = [law.name for law in LAWS]
    if unknown := [name for name in laws if name not in names]:
        raise InputError(
            f"no law is called {unknown[0]!r}.{did_you_mean(unknown[0], names)} "
            f"There are: {', '.join(names)}."
        )


def component_cases(
    provided: ComponentSpec, options: Mapping[str, Any] | None = None
) -> list[LawCheck]:
    """Every law that holds for one component.

    Raises:
        InputError: If it refuses the options.
    """
    subject = ComponentSubject(provided, options)
    subject.check_given()
    return _cases(subject)


def _cases(subject: PluginSubject | ComponentSubject) -> list[LawCheck]:
    return [LawCheck(law, subject) for law in LAWS if subject.kind in law.kinds]


def _installed(name: str) -> PluginSubject:
    plugins = {identity(found)[0]: found for found in installed_distributions()}
    for known, distribution in plugins.items():
        if canonical(known) == canonical(name):
            return PluginSubject(distribution, known)
    owners = [p.distribution for p in discover().components if p.name == name]
    hint = f" It is a component of {owners[0]}." if owners else did_you_mean(name, plugins)
    raise InputError(f"no plugin is installed as {name!r}.{hint} See 'neuplug plugins'.")


def _held(cases: list[LawCheck]) -> list[Outcome]:
    outcomes = [case.run() for case in cases]
    if any(outcome.status == "failed" for outcome in outcomes):
        raise LawsBroken(outcomes)
    return outcomes


def iterate_plugin(
    distribution: str,
    options: OptionsOf | None = None,
    laws: Collection[str] = (),
    fast: bool = False,
) -> Iterator[Outcome]:
    """Check an installed plugin and its components; the outcomes one by one, failed or not.

    Args:
        distribution: Its name, as pip knows it.
        options: Component names to options, on top of their ``quick_options``.
        laws: Names of the only laws that are wanted; all if empty.
        fast: Whether only those are wanted that take little time.

    Raises:
        InputError: If no such plugin is installed, or it has no such component, option or law.

    Example:
        >>> first = next(neuplug_testing.iterate_plugin("neuplug-controls"))
        >>> first.as_dict()["law"], first.status
        ('is-discovered', 'passed')
    """
    cases = plugin_cases(distribution, options, laws, fast)
    return (case.run() for case in cases)


def check_plugin(distribution: str, options: OptionsOf | None = None) -> list[Outcome]:
    """Check an installed plugin and its components; see :func:`iterate_plugin`.

    Returns:
        What passed and what was skipped.

    Raises:
        LawsBroken: An ``AssertionError`` that names every broken law.
        InputError: If no such plugin is installed, or it has no such component or option.

    Example:
        >>> outcomes = neuplug_testing.check_plugin("neuplug-controls")
        >>> sorted({outcome.subject for outcome in outcomes})
        ['class_weights', 'duplicate', 'neuplug-controls', 'oversample']
    """
    return _held(plugin_cases(distribution, options))


def check_component(name: str, options: Mapping[str, Any] | None = None) -> list[Outcome]:
    """Check one installed component.

    Args:
        name: As a user types it.
        options: On top of its ``quick_options``.

    Returns:
        What passed and what was skipped.

    Raises:
        LawsBroken: An ``AssertionError`` that names every broken law.
        InputError: If no plugin offers it, or it refuses the options.

    Example:
        >>> outcomes = neuplug_testing.check_component("smallcnn", {"channels": 4})
        >>> "has-features" in {o.law for o in outcomes if o.status == "passed"}
        True
    """
    return _held(component_cases(discover().resolve(name), options))
