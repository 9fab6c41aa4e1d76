"""Pages from the templates beside this module: each is one file that needs nothing else."""

from __future__ import annotations

import functools
from typing import Any

import jinja2


def render(template: str, **values: Any) -> bytes:
    """A page, UTF-8.

    Args:
        template: File name in ``templates/``.
        values: What the template shows; text that is no ``Markup`` is escaped.
    """
    return _environment().get_template(template).render(**values).encode()


@functools.cache
def _environment() -> jinja2.Environment:
    """It keeps the templates that it has compiled."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("neuplug_report"),
        autoescape=True,  # every name from the data is text, never markup
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
