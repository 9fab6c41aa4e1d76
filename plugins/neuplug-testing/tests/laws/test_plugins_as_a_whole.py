"""What holds for a distribution: light and offline imports, metadata, hooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuplug import InputError
from neuplug_testing.checking import plugin_cases
from neuplug_testing.law import PLUGIN
from neuplug_testing.laws import LAWS

from .conftest import MakePlugin

HOOKS = """
from neuplug import Component, hookimpl

@hookimpl
def neuplug_augmenters():
    yield Component("{name}", "acme_unloaded:Noise", "adds noise")
"""
ONLINE = """
import socket
try:
    socket.create_connection(("neuplug.invalid", 80), timeout=1)
except OSError:
    pass
"""
FAULTS = {
    "is-discovered": "\nraise ImportError('of no use')",
    "is-discovered_empty": "",
    "imports-stay-light": "\nimport numpy",
    "imports-stay-offline": ONLINE,
    "imports-leave-no-trace_file": "\nopen('imported.log', 'w').close()",
    "imports-leave-no-trace_random": "\nimport random; random.seed(0)",
    "requires-neuplug-within-bounds": "",
    "requires-neuplug-within-bounds_missing": "",
}
REQUIRES = {
    "requires-neuplug-within-bounds": "neuplug>=0.1",
    "requires-neuplug-within-bounds_missing": "packaging<99",
}


def failed(distribution: str) -> dict[str, str]:
    cases = [case for case in plugin_cases(distribution) if case.subject.kind == PLUGIN]
    return {o.law: o.message for o in (case.run() for case in cases) if o.status == "failed"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_its_law_and_no_other(
    fault: str, install: MakePlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one of them leaves a file wherever it is imported
    name = f"acme-{fault.replace('_', '-')}"
    hooks = HOOKS.format(name=name)
    if fault.endswith("empty"):
        hooks = hooks.replace("    yield", "    return []\n    yield")
    install(name, hooks + FAULTS[fault], REQUIRES.get(fault, "neuplug>=0.1,<99"))
    law = fault.partition("_")[0]
    found = failed(name)
    assert found.keys() == {law}, found
    (advice,) = [known.advice for known in LAWS if known.name == law]
    assert found[law].endswith(advice)


def test_every_law_has_a_fault() -> None:
    assert {f.partition("_")[0] for f in FAULTS} == {
        law.name for law in LAWS if PLUGIN in law.kinds
    }


def test_each_plugin_is_imported_anew(install: MakePlugin, tmp_path: Path) -> None:
    """What two plugins share is not taken for done with after the first."""
    (tmp_path / "acme_shared_library.py").write_text(ONLINE)
    shared = "\nimport acme_shared_library"
    names = [install(n, HOOKS.format(name=n) + shared) for n in ("acme-one", "acme-two")]
    assert [failed(name).keys() for name in names] == [{"imports-stay-offline"}] * 2


def test_a_sound_plugin_breaks_none() -> None:
    assert failed("Acme_Sound") == {}  # as pip takes it


def test_heavy_imports_are_named(install: MakePlugin) -> None:
    name = install("acme-heavy", HOOKS.format(name="acme-heavy") + "\nimport numpy, pydantic, PIL")
    assert failed(name)["imports-stay-light"].startswith(
        "Discovering it imports PIL, numpy. Let the module of the entry point hold"
    )


@pytest.mark.parametrize(
    ("distribution", "options", "sentence"),
    [
        ("acme-sund", None, "no plugin is installed as 'acme-sund'. Did you mean acme-sound?"),
        (
            "acme-noise",
            None,
            "'acme-noise'. It is a component of acme-sound. See 'neuplug plugins'",
        ),
        ("numpy", None, "no plugin is installed as 'numpy'."),
        ("acme-sound", {"acme-nois": {}}, "acme-sound has no component 'acme-nois'. Did you"),
        (
            "acme-sound",
            {"acme-noise": {"most": 1000}},
            r"acme-noise\.most = 1000: input should be less than or equal to 128\.",
        ),
    ],
)
def test_what_is_not_there(distribution: str, options: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plugin_cases(distribution, options)
