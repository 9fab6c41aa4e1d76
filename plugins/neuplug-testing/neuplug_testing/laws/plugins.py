"""What an installed distribution owes, and each component before it is made."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from neuplug.errors import PluginError
from neuplug.plugins.hookspecs import COMPONENTS
from neuplug.plugins.registry import discover
from neuplug_testing.law import PLUGIN, Broken, law
from neuplug_testing.subjects import ComponentSubject, PluginSubject

KINDS = COMPONENTS
STAGES = {"augmenter", "generator"}


@law(PLUGIN, advice="Read the message; docs/plugins.md shows a whole plugin.")
def is_discovered(plugin: PluginSubject) -> None:
    """Discovery finds its components and no problem."""
    problems = [p.message for p in discover().problems if p.distribution == plugin.name]
    if problems:
        raise Broken(f"Discovery says: {'; '.join(problems)}.")
    recipes = [p for p in discover().recipes if p.distribution == plugin.name]
    if not plugin.components and not recipes:
        raise Broken("Its hooks yield no component.")


@law(
    PLUGIN,
    advice="Let the module of the entry point hold the hooks alone, and import everything else in "
    "the modules that the components' targets name.",
)
def imports_stay_light(plugin: PluginSubject) -> None:
    """Neither discovery nor ``neuplug plugins`` imports anything heavy because of it."""
    heavy = plugin.heavy_imports()
    if heavy:
        raise Broken(f"Discovering it imports {', '.join(heavy)}.")


@law(
    PLUGIN,
    advice="Look nothing up while a module is imported; a library that does has a switch for it, "
    "to be set before its import.",
)
def imports_stay_offline(plugin: PluginSubject) -> None:
    """Importing its modules reaches for no network."""
    if connections := plugin.traces.connections:
        raise Broken(f"Importing it asks for {connections[0]}.")


@law(
    PLUGIN,
    advice="Let modules define things and do nothing else: write files and draw random numbers "
    "when the component is at work.",
)
def imports_leave_no_trace(plugin: PluginSubject) -> None:
    """Importing its modules writes no file and moves no global random generator."""
    found = plugin.traces
    if found.files:
        raise Broken(f"Importing it writes {found.files[0]}.")
    if found.moved:
        raise Broken(f"Importing it moves the global state of {' and '.join(found.moved)}.")


@law(
    PLUGIN,
    advice='Write an upper bound into its dependencies, as in "neuplug>=0.1,<0.2": it is read '
    "before the plugin is imported.",
)
def requires_neuplug_within_bounds(plugin: PluginSubject) -> None:
    """Its metadata require neuplug, with an upper bound."""
    found = []
    for line in plugin.distribution.requires or []:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) == "neuplug":
            found.append(requirement)
    if not found:
        raise Broken("Its metadata do not require neuplug.")
    bounds = {clause.operator for r in found for clause in r.specifier}
    if not bounds & {"<", "<=", "==", "~=", "==="}:
        raise Broken(f"It requires {found[0]}, which has no upper bound.")


@law(*KINDS, advice="Choose another name, such as one with the plugin's in front.")
def name_is_its_own(subject: ComponentSubject) -> None:
    """No other installed plugin offers its name."""
    mine = subject.provided
    kinds = STAGES if mine.kind in STAGES else {mine.kind}
    rivals = [
        p.source
        for p in discover().components
        if p.name == mine.name and p.kind in kinds and p.distribution != mine.distribution
    ]
    if rivals:
        raise Broken(f"{', '.join(rivals)} offers {mine.name} too.")


@law(*KINDS, advice="Correct the target of the Component, or the module that it names.")
def loads(subject: ComponentSubject) -> None:
    """Its target is a class of its kind, with every method that the kind asks for."""
    try:
        subject.provided.load()
    except PluginError as error:
        raise Broken(f"{error}.") from error


@law(
    *KINDS,
    advice="'neuplug plugins' prints the summary, 'neuplug plugins show' the first line of the "
    "class's docstring: write both.",
)
def is_documented(subject: ComponentSubject) -> None:
    """It has a summary, and its class a docstring of its own."""
    if not subject.provided.component.summary.strip():
        raise Broken("The summary of its Component is blank.")
    if not (vars(subject.component).get("__doc__") or "").strip():
        raise Broken(f"The class {subject.component.__name__} has no docstring.")


LAWS = (
    is_discovered,
    imports_stay_light,
    imports_stay_offline,
    imports_leave_no_trace,
    requires_neuplug_within_bounds,
    name_is_its_own,
    loads,
    is_documented,
)
