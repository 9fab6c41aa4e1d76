"""What an installed distribution owes, and each component before it works."""

from __future__ import annotations

import reprlib
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types as bounds
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from neuplug.errors import InputError, PluginError
from neuplug.plugins.component import Options
from neuplug.plugins.isolation import told
from neuplug.plugins.registry import discover
from neuplug_testing.law import PLUGIN, Broken, Unchecked, law, must_work
from neuplug_testing.subjects import ComponentSubject, PluginSubject

STAGES = {"augmenter", "mixer", "generator"}
NOWHERE = "no_such_option"
NO_VALUE = "no such value"


@law(PLUGIN, fast=True)
def is_discovered(plugin: PluginSubject) -> None:
    """Discovery finds its components and no problem.

    Read the message; docs/plugins.md shows a whole plugin.
    """
    problems = [p.message for p in discover().problems if p.distribution == plugin.name]
    if problems:
        raise Broken(f"Discovery says: {'; '.join(problems)}.")
    if all(p.distribution != plugin.name for p in discover().offers):
        raise Broken("Its hooks yield no component.")


@law(PLUGIN, fast=True)
def imports_stay_light(plugin: PluginSubject) -> None:
    """Neither discovery nor ``neuplug plugins`` imports anything heavy because of it.

    Let the module of the entry point hold the hooks alone, and import everything else in the
    modules that the components' targets name.
    """
    if heavy := plugin.traces.heavy:
        raise Broken(f"Discovering it imports {', '.join(heavy)}.")


@law(PLUGIN, fast=True)
def imports_stay_offline(plugin: PluginSubject) -> None:
    """Importing its modules reaches for no network.

    Look nothing up while a module is imported; a library that does has a switch for it, to be set
    before its import.
    """
    if connections := plugin.traces.connections:
        raise Broken(f"Importing it asks for {connections[0]}.")


@law(PLUGIN, fast=True)
def imports_leave_no_trace(plugin: PluginSubject) -> None:
    """Importing its modules writes no file and moves no global random generator.

    Let modules define things and do nothing else: write files and draw random numbers when the
    component is at work.
    """
    found = plugin.traces
    if found.files:
        raise Broken(f"Importing it writes {found.files[0]}.")
    if found.moved:
        raise Broken(f"Importing it moves the global state of {' and '.join(found.moved)}.")


@law(PLUGIN, fast=True)
def imports_change_nothing(plugin: PluginSubject) -> None:
    """Importing its modules changes nothing of which a process has but one, and starts no thread.

    Leave the working folder, signals, warnings, the environment, logging, torch's and matplotlib's
    settings to the program; what a component needs it sets while it is at work, and puts back.
    """
    if changed := plugin.traces.changed:
        raise Broken(f"Importing it {', and '.join(changed)}.")


@law(PLUGIN, fast=True)
def imports_print_nothing(plugin: PluginSubject) -> None:
    """Importing its modules prints nothing.

    Leave the standard output to the command, whose --json a program reads; what must be said goes
    to the module logging.
    """
    if printed := plugin.traces.printed:
        raise Broken(f"Importing it prints {reprlib.repr(printed[0])}.")


@law(PLUGIN, fast=True)
def requires_neuplug_within_bounds(plugin: PluginSubject) -> None:
    """Its metadata require neuplug, with an upper bound.

    Write an upper bound into its dependencies, as in "neuplug>=0.1,<0.2": it is read before the
    plugin is imported.
    """
    required = [Requirement(line) for line in plugin.distribution.requires or []]
    found = [r for r in required if canonicalize_name(r.name) == "neuplug"]
    if not found:
        raise Broken("Its metadata do not require neuplug.")
    operators = {clause.operator for r in found for clause in r.specifier}
    if not operators & {"<", "<=", "==", "~=", "==="}:
        raise Broken(f"It requires {found[0]}, which has no upper bound.")


@law(fast=True)
def name_is_its_own(subject: ComponentSubject) -> None:
    """No other installed plugin offers its name.

    Choose another name, such as one with the plugin's in front.
    """
    mine = subject.provided
    kinds = STAGES if mine.kind in STAGES else {mine.kind}
    rivals = [
        p.source
        for p in discover().components
        if p.name == mine.name and p.kind in kinds and p.distribution != mine.distribution
    ]
    if rivals:
        raise Broken(f"{', '.join(rivals)} offers {mine.name} too.")


@law(fast=True)
def loads(subject: ComponentSubject) -> None:
    """Its target is a class of its kind, with every method that the kind asks for.

    Correct the target of the Component, or the module that it names.
    """
    try:
        subject.provided.load()
    except PluginError as error:
        raise Broken(f"{error}.") from error


@law(fast=True)
def is_documented(subject: ComponentSubject) -> None:
    """It has a summary, and its class a docstring of its own.

    'neuplug plugins' prints the summary, 'neuplug plugins show' the first line of the class's
    docstring: write both.
    """
    if not subject.provided.component.summary.strip():
        raise Broken("The summary of its Component is blank.")
    if not (vars(subject.component).get("__doc__") or "").strip():
        raise Broken(f"The class {subject.component.__name__} has no docstring.")


def _model(subject: ComponentSubject) -> type[Options]:
    model = subject.component.options_class
    if not (isinstance(model, type) and issubclass(model, Options)):
        raise Unchecked(
            "its options_class is not derived from neuplug.Options; see defaults-are-valid"
        )
    return model


@law(fast=True)
def defaults_are_valid(subject: ComponentSubject) -> None:
    """It can be made without any option, and with its ``quick_options``.

    Give every option a default that its own bounds allow, so that the name alone is enough to use
    the component, and correct quick_options.
    """
    component = subject.component
    model: Any = component.options_class
    if not (isinstance(model, type) and issubclass(model, Options)):
        raise Broken(f"options_class is {model!r}, which is not derived from neuplug.Options.")
    for what, values in (
        ("Without options", {}),
        ("With quick_options", {**component.quick_options, **subject.given}),
    ):
        with must_work(f"{what} it cannot be made"):
            component(model.parse(values, subject.name))


@law(fast=True)
def unknown_options_are_refused(subject: ComponentSubject) -> None:
    """An option that it does not have is an ``InputError``, not ignored.

    Derive options_class from neuplug.Options and leave its extra="forbid" as it is.
    """
    model = _model(subject)
    try:
        model.parse({NOWHERE: 1}, subject.name)
    except InputError:
        pass
    except Exception as error:
        raise Broken(f"The option {NOWHERE} is refused by {told(error)}.") from error
    else:
        raise Broken(f"The option {NOWHERE} is accepted silently.")
    try:
        model(**{NOWHERE: 1})
    except (InputError, ValidationError):
        return
    raise Broken(f"{model.__name__}({NOWHERE}=1) is accepted silently.")


@law(fast=True)
def bounds_of_options_hold(subject: ComponentSubject) -> None:
    """Values beyond an option's bounds or choices are an ``InputError``.

    Refuse it: validators must neither correct nor pass what the bounds exclude, and raise nothing
    but ValueError.
    """
    tried = 0
    model = _model(subject)
    for name, info in model.model_fields.items():
        for value in _outside(info):
            tried += 1
            try:
                found = model.parse({name: value}, subject.name)
            except InputError:
                continue
            except Exception as error:
                raise Broken(f"{name}={value!r} is refused by {told(error)}.") from error
            raise Broken(f"{name}={value!r} is taken, and becomes {getattr(found, name)!r}.")
    if not tried:
        raise Unchecked("none of its options has bounds or choices")


def _outside(info: FieldInfo) -> Iterator[Any]:
    """Values that a field's declaration excludes."""
    for bound in info.metadata:
        match bound:
            case bounds.Ge(least):
                yield least - 1  # type: ignore[operator]
            case bounds.Le(most):
                yield most + 1  # type: ignore[operator]
            case bounds.Gt(excluded) | bounds.Lt(excluded):
                yield excluded
    union = get_origin(info.annotation) in (Union, types.UnionType)
    kinds = get_args(info.annotation) if union else (info.annotation,)
    if all(
        get_origin(kind) is Literal or kind in (bool, int, float, types.NoneType) for kind in kinds
    ):
        yield NO_VALUE
