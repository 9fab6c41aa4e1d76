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
# What a module changes, and how it is told; the second ones are of a component's module
CHANGES = {
    "import signal; signal.signal(2, signal.SIG_IGN)": "changes the handler of SIGINT",
    "signal.signal(14, signal.SIG_IGN)": "changes the handlers of signals (SIGALRM)",
    "import os; os.chdir('/')": "changes the working folder",
    "os.umask(0o77)": "changes the mask of new files",
    "os.environ['ACME'] = '1'": "changes os.environ (ACME)",
    "import warnings; warnings.simplefilter('error')": "changes warnings.filters",
    "import sys; sys.path.insert(0, '/acme')": "changes sys.path",
    "sys.setrecursionlimit(5000)": "changes the recursion limit from ",
    "sys.excepthook = print": "changes sys.excepthook",
    "import logging; logging.basicConfig(level=10)": "changes logging's root",
    "import locale; locale.setlocale(locale.LC_ALL, 'C')": "changes the locale from ",
    "import gc; gc.disable()": "changes the garbage collector from True to False",
    "import socket; socket.setdefaulttimeout(3)": "changes the timeout of sockets",
    "import builtins; builtins.acme = len": "changes builtins (acme)",
    "import threading; threading.Thread(target=threading.Event().wait, daemon=True, name='acme')"
    ".start()": "leaves the thread acme behind",
}
OWN_CHANGES = {
    "import torch; torch.set_default_dtype(torch.float64)": "changes torch's default dtype from ",
    "torch.use_deterministic_algorithms(True)": "changes torch's deterministic debug mode from 0",
    "torch.set_num_threads(7)": "changes torch's num threads from ",
    "torch.backends.cudnn.benchmark = True": "changes torch's cudnn (benchmark)",
    "import matplotlib; matplotlib.use('svg')": "changes matplotlib's settings (backend",
    "import numpy; numpy.seterr(all='raise')": "changes numpy's handling of errors (divide, ",
    "torch.manual_seed(0); numpy.random.seed(0)": "the global state of numpy.random and torch",
}
FAULTS = {
    "is-discovered": "\nraise ImportError('of no use')",
    "is-discovered_empty": "",
    "imports-stay-light": "\nimport numpy",
    "imports-stay-offline": ONLINE,
    "imports-leave-no-trace_file": "\nopen('imported.log', 'w').close()",
    "imports-leave-no-trace_random": "\nimport random; random.seed(0)",
    "imports-change-nothing": "\nimport os; os.chdir('/')",
    "imports-print-nothing": "\nimport ctypes; ctypes.CDLL(None).puts(b'here I am')",
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


def test_everything_that_an_import_changes_is_named(install: MakePlugin, tmp_path: Path) -> None:
    hooks = HOOKS.format(name="acme-parts").replace("acme_unloaded:Noise", "acme_parts_own:Noise")
    install("acme-parts", "\n".join([hooks, *CHANGES]))
    own = "\n".join(["from acme_laws.sound_parts import Noise", *OWN_CHANGES])
    (tmp_path / "acme_parts_own.py").write_text(own)
    found = failed("acme-parts")
    assert set(found) == {"imports-change-nothing", "imports-leave-no-trace"}
    told = " ".join(found.values())
    assert not [said for said in (CHANGES | OWN_CHANGES).values() if said not in told], told


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
