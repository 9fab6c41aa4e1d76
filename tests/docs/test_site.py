"""The built site has everything that the code has, with the signatures that the code has."""

from __future__ import annotations

import html
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import neuplug
import neuplug_testing as testing
from neuplug import plugins
from neuplug.cli import commands
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.parts import Cell
from neuplug.experiment.results import Curves, RunResults
from neuplug.plugins.hookspecs import HOOKS, HookSpecs
from neuplug.plugins.registry import discover
from neuplug.training.options import TrainingOptions

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # building it takes longer than looking at it

Signatures = dict[str, list[str]]
"""Name of an object to its parameters as the site shows them."""


@pytest.fixture(scope="session")
def signatures(site: Path) -> Signatures:
    """Every object that the site describes."""
    found: Signatures = {}
    for page in site.rglob("*.html"):
        for content in re.findall(r"<dt class=\"sig.*?</dt>", page.read_text("utf-8"), re.DOTALL):
            shown = [
                html.unescape(re.sub("<[^>]*>", "", part))
                for part in re.findall(
                    r"<em class=\"sig-param\">(.*?)</em>(?=,|\s*<|\))", content, re.DOTALL
                )
            ]
            for name in re.findall(r"id=\"(neuplug[\w.]*)\"", content):
                found[name] = shown
    return found


def shown_as(thing: Any, *, bound: bool) -> list[str]:
    """The parameters of a function, a method (without ``self``) or a class, as ``name=``."""
    parameters = list(inspect.signature(thing).parameters.values())[bound:]
    words: list[str] = []
    before = inspect.Parameter.POSITIONAL_ONLY
    for p in parameters:
        if before == p.POSITIONAL_ONLY != p.kind and words:
            words.append("/")
        star = p.kind == p.KEYWORD_ONLY and before not in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        words += ["*"] if star else []
        sign = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        words.append(f"{sign}{p.name}{'' if p.default is p.empty else '='}")
        before = p.kind
    return words


def plainly(shown: list[str]) -> list[str]:
    """What the site shows, without types and values."""
    return [
        word.split(":")[0].split("=")[0].strip() + ("=" if "=" in word else "") for word in shown
    ]


def test_nothing_is_fetched_by_a_page(site: Path) -> None:
    fetched = re.compile(
        r"<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=\"(?:https?:)?//[^>]*>", re.I
    )
    for page in site.rglob("*.html"):
        assert not fetched.findall(page.read_text("utf-8")), page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import\s+)['\"]?(?:https?:)?//", sheet.read_text("utf-8"))


def public_names() -> Iterator[str]:
    yield from (f"neuplug.{name}" for name in neuplug.__all__)
    yield from (f"neuplug_testing.{name}" for name in testing.__all__)


@pytest.mark.parametrize("name", list(public_names()))
def test_every_public_name_has_its_true_signature(name: str, signatures: Signatures) -> None:
    assert name in signatures, f"{name} is on no page: add it to docs/library.md or docs/hooks.md"
    module, _, attribute = name.rpartition(".")
    thing = getattr(testing if module == "neuplug_testing" else neuplug, attribute)
    if not inspect.isclass(thing):
        if inspect.isfunction(thing):
            assert plainly(signatures[name]) == shown_as(thing, bound=False)
        return
    if not issubclass(thing, BaseModel | BaseException):
        assert plainly(signatures[name]) == shown_as(thing, bound=False)
    fields = getattr(thing, "__dataclass_fields__", {})
    for method, member in vars(thing).items():
        if method.startswith("_") or method in fields or not described(member):
            continue
        assert f"{name}.{method}" in signatures, f"{name}.{method} is not on the site"
        if inspect.isfunction(member):
            assert plainly(signatures[f"{name}.{method}"]) == shown_as(member, bound=True)


def described(member: object) -> bool:
    """Whether a member of a class is to be described by itself."""
    return inspect.isfunction(member) or isinstance(member, property | classmethod)


def test_what_plugins_are_given_is_there_too(signatures: Signatures) -> None:
    names = ("component", "generator", "evaluator")
    for module in (importlib.import_module(f"{plugins.__name__}.{name}") for name in names):
        for name, thing in vars(module).items():
            if inspect.isclass(thing) and thing.__module__ == module.__name__:
                assert f"neuplug.{name}" in signatures


@pytest.mark.parametrize("hook", list(HOOKS))
def test_every_hook_has_its_signature_and_an_example(
    hook: str, site: Path, signatures: Signatures
) -> None:
    name = f"neuplug.plugins.hookspecs.HookSpecs.{hook}"
    assert plainly(signatures[name]) == shown_as(getattr(HookSpecs, hook), bound=True)
    page = (site / "hooks.html").read_text("utf-8")
    section = re.sub("<[^>]*>", "", page.partition(f'id="{name}"')[2].partition("<dt ")[0])
    assert f"def {hook}():" in section and "yield Component(" in section


ALL_COMMANDS = dict(commands())


@pytest.mark.parametrize("path", list(ALL_COMMANDS))
def test_every_command_has_all_its_options(path: str, site: Path) -> None:
    section = section_of(site / "command-line.html", f"command-{path.replace(' ', '-')}")
    codes = codes_in(section)
    for param in ALL_COMMANDS[path].params:
        if param.param_type_name == "argument":
            assert param.name.upper() in codes
        else:
            assert {*param.opts, *param.secondary_opts} <= codes
        if help_text := getattr(param, "help", None):
            assert help_text in text_of(section)


def own_components() -> list[Any]:
    own = {folder.name for folder in (ROOT / "plugins").glob("neuplug-*")}
    return [p for p in discover().components if p.distribution in own]


@pytest.mark.parametrize("found", own_components(), ids=lambda p: f"{p.kind}-{p.name}")
def test_every_component_has_all_its_options(found: Any, site: Path) -> None:
    page = site / "components" / f"{found.distribution}.html"
    place = f"component-{found.name}".replace("_", "-")
    section = section_of(page, place)
    text = text_of(section)
    assert found.component.summary in text
    options = found.load().options_class.model_fields
    assert options.keys() <= codes_in(section)
    for name, field in options.items():
        assert " ".join((field.description or "").split()) in text, name
    assert f"#{place}" in (site / "components.html").read_text("utf-8")


def test_every_setting_is_there(site: Path) -> None:
    codes = codes_in((site / "command-line.html").read_text("utf-8"))
    assert ComposeConfig.model_fields.keys() <= codes
    assert TrainingOptions.model_fields.keys() <= codes


def test_every_field_of_the_results_is_there(site: Path) -> None:
    page = site / "run-folder.html"
    for name, model in (("results.json", RunResults), ("curves.json", Curves), ("Cell", Cell)):
        section = section_of(page, f"results-{name.replace('.', '-')}".lower())
        assert model.model_fields.keys() <= codes_in(section)
    assert "Of the trained classifier in the store" in text_of(page.read_text("utf-8"))


def section_of(page: Path, name: str) -> str:
    """The part of a page below an anchor, up to the next heading of the same level."""
    content = page.read_text("utf-8")
    assert f'id="{name}"' in content, f"{page.name} has no section {name}"
    after = content.partition(f'id="{name}"')[2]
    return after.partition("<h2>")[0] + "<h2>" + after.partition("<h2>")[2].partition("<h2>")[0]


def codes_in(content: str) -> set[str]:
    found = re.findall(r"<code class=\"[^\"]*literal[^\"]*\">(.*?)</code>", content, re.DOTALL)
    return {html.unescape(re.sub("<[^>]*>", "", code)) for code in found}


def text_of(content: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", "", content)).split())
