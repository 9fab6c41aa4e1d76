"""What a component's options owe."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types as bounds
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from neuplug.errors import InputError
from neuplug.plugins.options import Options
from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.laws.plugins import KINDS
from neuplug_testing.subjects import ComponentSubject, told

NOWHERE = "no_such_option"
NO_VALUE = "no such value"


def _model(subject: ComponentSubject) -> type[Options]:
    model = subject.component.options_class
    if not (isinstance(model, type) and issubclass(model, Options)):
        raise Unchecked("its options_class is no neuplug.Options; see defaults-are-valid")
    return model


@law(
    *KINDS,
    advice="Give every option a default that its own bounds allow, so that the name alone is "
    "enough to use the component, and correct quick_options.",
)
def defaults_are_valid(subject: ComponentSubject) -> None:
    """It can be made without any option, and with its ``quick_options``."""
    component = subject.component
    model: Any = component.options_class
    if not (isinstance(model, type) and issubclass(model, Options)):
        raise Broken(f"options_class is {model!r}, no class derived from neuplug.Options.")
    for what, values in (
        ("Without options", {}),
        ("With quick_options", {**component.quick_options, **subject.given}),
    ):
        try:
            component(model.parse(values, subject.name))
        except Exception as error:
            raise Broken(f"{what} it cannot be made: {told(error)}.") from error


@law(
    *KINDS,
    advice='Derive options_class from neuplug.Options and leave its extra="forbid" as it is.',
)
def unknown_options_are_refused(subject: ComponentSubject) -> None:
    """An option that it does not have is an ``InputError``, not ignored."""
    model = _model(subject)
    try:
        model.parse({NOWHERE: 1}, subject.name)
    except InputError:
        pass
    except Exception as error:
        raise Broken(f"The option {NOWHERE} is refused by {told(error)}.") from error
    else:
        raise Broken(f"The option {NOWHERE} is taken without a word.")
    try:
        model(**{NOWHERE: 1})
    except (InputError, ValidationError):
        return
    raise Broken(f"{model.__name__}({NOWHERE}=1) is taken without a word.")


@law(
    *KINDS,
    advice="Refuse it: validators must neither correct nor pass what the bounds exclude, and raise "
    "nothing but ValueError.",
)
def bounds_of_options_hold(subject: ComponentSubject) -> None:
    """Values beyond an option's bounds or choices are an ``InputError``."""
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
        if isinstance(bound, bounds.Ge):
            yield bound.ge - 1  # type: ignore[operator]
        elif isinstance(bound, bounds.Gt):
            yield bound.gt
        elif isinstance(bound, bounds.Le):
            yield bound.le + 1  # type: ignore[operator]
        elif isinstance(bound, bounds.Lt):
            yield bound.lt
    kinds = [kind for kind in _alternatives(info.annotation) if kind is not type(None)]
    if kinds and all(get_origin(kind) is Literal or kind in (bool, int, float) for kind in kinds):
        yield NO_VALUE


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


LAWS = (defaults_are_valid, unknown_options_are_refused, bounds_of_options_hold)
