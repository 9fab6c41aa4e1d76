"""What an instance that no plugin offers is, for a key: source, state, and what that code names.

Of the modules that its class and the classes above it come from, what is named counts by itself:
functions and classes by their source and what they name in turn, constants by their values. Other
modules that are not installed count with all of their files. Installed ones, and Python's own, are
the environment, which no key has.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from logging import Logger
from pathlib import Path
from symtable import symtable
from types import FunctionType, ModuleType
from typing import Any

from pydantic import BaseModel

from neuplug.errors import InputError
from neuplug.plugins.code import ChangedError, code_of
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.isolation import is_ours_or_python


def code(component: ComponentBase) -> str:
    """What an instance is: a hash of its attribute ``cache_key``, or of all that can be told.

    Raises:
        InputError: If something of that cannot be told.
    """
    kind = type(component)
    told, key = [kind.__qualname__], getattr(component, "cache_key", None)
    own = [c for c in kind.__mro__ if c.__module__.split(".")[0] not in ("neuplug", "abc")][:-1]
    home, seen = {c.__module__ for c in own}, set[object]()
    try:
        told += [json.dumps(vars(component), default=_plain, sort_keys=True)] if key is None else []
        told += [t for c in own for t in _told(c, home, seen)] if key is None else [str(key)]
    except Exception as error:  # of whatever kind: its key would be a guess
        remedy = "give it an attribute cache_key, and change its value with what it does"
        if isinstance(error, ChangedError):
            remedy = "a file changed since it was read: restart Python, or the notebook kernel"
        sentence = f"neuplug cannot tell when {kind.__name__} changes ({error}): {remedy}."
        raise InputError(sentence) from None
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def _told(value: Any, home: set[str], seen: set[object], name: str = "") -> Iterator[str]:
    """What a name stands for and, of the modules ``home``, what that names in turn."""
    is_module = isinstance(value, ModuleType)
    module = value.__name__ if is_module else getattr(value, "__module__", None)
    if not hasattr(value, "__name__") or inspect.ismethod(value):
        try:
            yield f"{name} = {json.dumps(value, default=_plain, sort_keys=True)}"
        except (TypeError, ValueError):
            raise TypeError(f"the global {name} is a {type(value).__name__}") from None
    elif is_module or module not in home:
        file = getattr(sys.modules.get(module or ""), "__file__", None)
        if file and not is_ours_or_python(Path(file)) and "-packages" not in file:
            yield f"{name}: {code_of((str(module).split('.')[0],), tuple(sys.path)).digest()}"
    elif value not in seen:
        seen.add(value)
        yield (source := inspect.getsource(value))
        known = dict(vars(sys.modules[module]))
        for attribute, each in (vars(value) if isinstance(value, type) else {"": value}).items():
            if isinstance(each, int | float | str) and attribute[:2] != "__":
                yield f"{attribute} = {each!r}"  # which may have been set since
            if isinstance(function := inspect.unwrap(each), FunctionType):
                known |= {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
        for used in sorted(_globals(source) & known.keys()):
            yield from _told(known[used], home, seen, used)


def _globals(source: str) -> set[str]:
    """The names that source takes from around it, besides those of annotations."""
    text = f"from __future__ import annotations\n{textwrap.dedent(source)}"
    found, tables = set[str](), [symtable(text, "", "exec")]
    for table in tables:
        tables += table.get_children()
        used = (s for s in table.get_symbols() if s.is_referenced())
        found |= {s.get_name() for s in used if s.is_global() or table.get_type() == "module"}
    return found


def _plain(value: object) -> Any:
    """Options and constants as JSON values; nothing else is told."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(each, default=_plain, sort_keys=True) for each in value)
    if isinstance(value, bytes | complex | range | Path | Logger) or type(value).__name__ in (
        "dtype",
        "device",
    ):
        return repr(value)
    raise TypeError(f"it holds a {type(value).__name__}")
