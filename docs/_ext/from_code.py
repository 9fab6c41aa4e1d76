"""Pages made from the code: the components with their options, commands, settings, results.

They are written as Markdown before Sphinx looks for pages: one page for each plugin of this
repository into ``components/``, which holds nothing else, and into ``generated/`` what other pages
include. Nothing of it is kept in the repository, so none of it can be out of date.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neuplug
from neuplug.cli import commands
from neuplug.errors import PluginError
from neuplug.plugins.hookspecs import COMPONENTS
from neuplug.plugins.registry import ComponentSpec, discover
from neuplug_testing.options import bounded_rows

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
NO_BREAK = "\N{NO-BREAK SPACE}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages when Sphinx has started."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir)))
    app.connect("source-read", lambda app, name, source: source.append(on_site(source.pop(), name)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(docs: Path) -> None:
    """Write all pages below ``docs``; one that has not changed is left alone."""
    pages = {
        "generated/components.md": components(),
        "generated/command-line.md": command_line(),
        "generated/settings.md": settings(),
        "generated/results.md": results(),
        **{f"components/{name}.md": plugin_page(name) for name in plugins()},
    }
    for name, text in pages.items():
        file = docs / name
        file.parent.mkdir(exist_ok=True)
        if not file.is_file() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
    for left in (docs / "components").glob("*.md"):
        if f"components/{left.name}" not in pages:
            left.unlink()


def on_site(text: str, page: str) -> str:
    """Links that lead to files beside ``docs/`` on a code host, and to pages on the site."""
    up = "../" * page.count("/")
    text = re.sub(rf"\]\({up}\.\./plugins/([\w-]+)/README\.md\)", rf"]({up}components/\1.md)", text)
    names = "|".join(("CONTRIBUTING", "CHANGELOG"))
    return re.sub(rf"\]\({up}\.\./({names})\.md\)", lambda m: f"]({up}{m[1].lower()}.md)", text)


def plugins() -> list[str]:
    """The distributions of this repository's plugins, those without a component too."""
    files = sorted((ROOT / "plugins").glob("*/pyproject.toml"))
    return [tomllib.loads(file.read_text("utf-8"))["project"]["name"] for file in files]


def provided() -> list[ComponentSpec]:
    """The components of this repository's plugins, by kind and name.

    Raises:
        PluginError: If one of the plugins has a problem, since its components would be missing.
    """
    own = set(plugins())
    for problem in discover().problems:
        if problem.distribution in own:
            raise PluginError(f"{problem.distribution}: {problem.message}")
    return [p for kind in COMPONENTS for p in discover().of_kind(kind) if p.distribution in own]


# Components.


def components() -> str:
    """A table of components for each kind."""
    parts = []
    for kind in COMPONENTS:
        rows = [
            (f"[`{p.name}`](#{anchor(p)})", plain(p.component.summary), page_link(p))
            for p in provided()
            if p.kind == kind
        ]
        parts += [f"## {kind.capitalize()}s", table(("name", "what it is", "plugin"), rows)]
    return "\n\n".join(parts) + "\n"


def page_link(found: ComponentSpec) -> str:
    """A link to the page of a component's plugin."""
    return f"[{found.distribution}](components/{found.distribution}.md)"


def anchor(found: ComponentSpec) -> str:
    """The name of a component's section, as Sphinx writes it."""
    return f"component-{found.name}".replace("_", "-")


def plugin_page(distribution: str) -> str:
    """A plugin's README, and below it each of its components with all options."""
    text = (ROOT / "plugins" / distribution / "README.md").read_text("utf-8").strip()
    text = re.sub(r"\]\(\.\./([\w-]+)/README\.md\)", r"](\1.md)", text)
    sections = [component(p) for p in provided() if p.distribution == distribution]
    return "\n\n".join([text, *sections]) + "\n"


def component(found: ComponentSpec) -> str:
    """The section of one component."""
    cls = found.load()
    rows = [
        (
            code(row["name"]),
            code(row["type"]),
            code(row["default"]) if row["default"] else "",
            bounds(row),
            plain(row["description"]),
        )
        for row in bounded_rows(cls.options_class)
    ]
    parts = [
        f"({anchor(found)})=",
        f"## Options of `{found.name}`",
        f"{found.kind.capitalize()}: {plain(found.component.summary)}.",
        " ".join(facts(cls)),
    ]
    if rows:
        head = ("option", "type", "default", "bounds", "meaning")
        parts += [f"Set one with `--set {found.name}.{rows[0][0].strip('`')}=VALUE`."]
        parts += [table(head, rows)]
    else:
        parts += ["It has no options."]
    return "\n\n".join(filter(None, parts))


def bounds(row: dict[str, str]) -> str:
    """An option's bounds, each of which stays on one line."""
    return ", ".join(plain(part).replace(" ", NO_BREAK) for part in row["bounds"].split(", "))


def facts(cls: type[neuplug.ComponentBase]) -> Iterator[str]:
    """What a class says of itself besides its options, in sentences."""
    if cls.control:
        yield "It is a control: it adds nothing new, and is there to be compared with."
    if issubclass(cls, neuplug.Augmenter) and cls.deterministic:
        yield "It does the same to an image every time."
    if issubclass(cls, neuplug.Generator) and cls.sampling_options:
        names = ", ".join(map(code, sorted(cls.sampling_options)))
        yield f"Arms that differ only in {names} share one training."
    if issubclass(cls, neuplug.LatentGenerator):
        yield "It draws from latent vectors, so `--eval interpolation` can walk through them."
    if issubclass(cls, neuplug.Evaluator):
        if cls.title:
            yield f"Its section of the report is called *{plain(cls.title)}*."
        yield f"It is given {', '.join(map(code, sorted(cls().needs)))}."
        if cls.guide:
            yield f"\n\n> {plain(cls.guide)}"


# The command line.


def command_line() -> str:
    """A section for each command, with its arguments and options."""
    return "\n\n".join(part for path, found in commands() for part in _command(found, path)) + "\n"


def _command(command: Any, path: str) -> Iterator[str]:
    yield f"(command-{path.replace(' ', '-')})=\n## `{path}`"
    for paragraph in (command.help or "").split("\n\n"):
        text = " ".join(paragraph.split())
        yield f"```\n{text}\n```" if text.startswith("neuplug ") else plain(text)
    panels: dict[str, list[Any]] = {}
    for param in command.params:
        panels.setdefault(getattr(param, "rich_help_panel", None) or "", []).append(param)
    for panel, params in panels.items():
        if panel:
            yield f"**{panel}**"
        rows = [(_names(p), _value(p), plain(getattr(p, "help", "") or "")) for p in params]
        yield table(("option or argument", "value", "meaning"), rows)


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return code(param.name.upper())
    return ", ".join(map(code, [*param.opts, *param.secondary_opts]))


def _value(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return "flag"
    kind = _kind(param)
    said = getattr(param, "show_default", None)
    default = said if isinstance(said, str) else param.default
    if param.required:
        return f"{kind}, required"
    plainly = default is None or callable(default) or default in ((), [])
    return kind if plainly else f"{kind}, by default {plain(str(default))}"


def _kind(param: Any) -> str:
    """The type of a value; Typer keeps it here or there, depending on its version."""
    if param.metavar:
        return plain(param.metavar)
    if hasattr(param, "type"):
        name = param.type.name
    else:
        name = param.type_descriptor.annotation.__name__.lower()
    return {"str": "text", "list": "text", "integer": "int", "filename": "path"}.get(name, name)


# Settings.


def settings() -> str:
    """The settings of an experiment file, and those of the training."""
    from neuplug.experiment.config import ComposeConfig
    from neuplug.training.options import TrainingOptions

    parts = []
    for title, model in (("Of a run", ComposeConfig), ("Of the training", TrainingOptions)):
        rows = [
            (
                code(row["name"]),
                code(row["type"]) if row["type"] != "any" else "",
                "see below" if row["name"] == "training" else code(row["default"]),
                bounds(row),
                plain(row["description"]),
            )
            for row in bounded_rows(model)
        ]
        head = ("setting", "type", "default", "bounds", "meaning")
        parts += [f"### {title}", table(head, rows)]
    return "\n\n".join(parts) + "\n"


# Results.


def results() -> str:
    """The fields of results.json and curves.json, and of all that they consist of."""
    from neuplug.experiment.results import Curves, RunResults

    files = {"results.json": RunResults, "curves.json": Curves}
    schemas = {name: model.model_json_schema() for name, model in files.items()}
    parts = {k: part for schema in schemas.values() for k, part in schema.get("$defs", {}).items()}
    described = {name: part for name, part in parts.items() if "properties" in part}
    tables = []
    for name, schema in {**schemas, **described}.items():
        rows = [
            (code(field), _json_type(about), literals(_meaning(about, parts)))
            for field, about in schema["properties"].items()
        ]
        said = literals(schema["description"].partition("Example:")[0])
        tables += [f"({_part(name)})=\n### {name}", said, table(("field", "type", "meaning"), rows)]
    return "\n\n".join(tables) + "\n"


def _part(name: str) -> str:
    """The anchor of a part's table."""
    return f"results-{name}"


def _json_type(about: dict[str, Any]) -> str:
    """What a field's value is: ``number or null``, ``several Cell`` with a link."""
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{name}](#{_part(name)})" if name != "JsonValue" else "any JSON"
    if "anyOf" in about:
        return " or ".join(map(_json_type, about["anyOf"]))
    if "const" in about or "enum" in about:
        return ", ".join(code(json.dumps(v)) for v in about.get("enum", [about.get("const")]))
    if "prefixItems" in about:
        return f"({', '.join(map(_json_type, about['prefixItems']))})"
    if about.get("type") == "array":
        return f"several {_json_type(about['items'])}"
    if about.get("type") == "object":
        return f"by name {_json_type(about['additionalProperties'])}"
    bounds = [f"{said} {about[k]}" for k, said in BOUNDS.items() if k in about]
    return plain(" ".join([{"string": "text"}.get(about["type"], about["type"]), *bounds]))


BOUNDS = {"minimum": "from", "maximum": "to"}


def _meaning(about: dict[str, Any], parts: dict[str, Any]) -> str:
    """A field's own description, or that of the part that it holds."""
    names = re.findall(r"#/\$defs/(\w+)", json.dumps(about))
    of_part = parts[names[0]].get("description", "") if names else ""
    return about.get("description") or of_part.partition("\n\n")[0]


# Markdown.


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column in which nothing stands is left out."""
    rows = list(rows)
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    lines = [[head[i] for i in kept], ["---"] * len(kept), *([r[i] for i in kept] for r in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """Text in which nothing is markup; options of commands become code."""
    escaped = re.sub(r"([\\`*_\[\]<>|{}#$~])", r"\\\1", " ".join(text.split()))
    return re.sub(r"(?<![\w-])(--[a-z][a-z-]*)", r"`\1`", escaped)


def literals(text: str) -> str:
    """A docstring's text, whose literals become code."""
    pieces = re.split(r"``(.+?)``", text)
    return "".join(code(p) if i % 2 else plain(f"|{p}|")[2:-2] for i, p in enumerate(pieces))


def code(text: str) -> str:
    """Text as code, also within a table."""
    if not text:
        return ""
    return "`" + text.replace("|", r"\|") + "`"
