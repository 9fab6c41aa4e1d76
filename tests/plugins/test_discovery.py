"""Discovery and resolution, against fake distributions that are installed for one test each."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

import neuplug
from neuplug import Component, PluginError, discover

from .fakes import GOOD, SITE, Install, blocklist, names_of, problems_of


def test_a_good_plugin(install: Install) -> None:
    registry = install("good")
    assert names_of(registry, "acme-good") == GOOD
    assert problems_of(registry, "acme-good") == []
    dim = registry.resolve("acme-dim")
    assert dim.source == "acme-good 1.0"
    assert dim.component == Component("acme-dim", "acme_good_parts:Dim", "darker")
    assert dim.load().__name__ == "Dim"


def test_discovery_imports_no_component(install: Install) -> None:
    sys.modules.pop("acme_good_parts", None)
    install("good")
    assert "acme_good_parts" not in sys.modules


# Each fault is recorded with its distribution and version, and leaves everything else alone.

FAULTS = [
    ("import_error", "acme-importerror", "No module named 'a_module_that_is_nowhere'", {}),
    ("exit", "acme-exit", "SystemExit: no licence", {}),
    (
        "panic",
        "acme-panic",
        "Panic, whose message cannot be shown: SystemExit (acme_panic.py, line 6)",
        {},
    ),
    ("leaving", "acme-leaving", "SystemExit: os._exit(0) (acme_leaving.py, line 3)", {}),
    ("unknown_hook", "acme-unknown", "unknown hook neuplug_butterflies.", {"acme-known"}),
    ("misspelt_hook", "acme-misspelt", "neuplug_augmentors. Did you mean neuplug_augmenters?", {}),
    ("unmarked_hook", "acme-unmarked", "neuplug_augmenters is not marked with @neuplug.hoo", {}),
    ("no_hook", "acme-nohook", "implements none of the hooks: neuplug_augmenters, neuplug_", {}),
    ("wrong_core", "acme-future", f"requires neuplug >=99, but this is {neuplug.__version__}", {}),
    (
        "raising_hook",
        "acme-raising",
        "neuplug_augmenters: RuntimeError: out of luck",
        {"acme-before", "acme-survivor"},
    ),
    ("not_a_component", "acme-strings", "'acme-plain', which is not a neuplug.Component", {}),
    ("returns_none", "acme-none", "neuplug_augmenters: TypeError: 'NoneType'", {}),
    ("bad_name", "acme-badname", "component name 'Acme+Dim': use lower-case letters", {}),
    ("reserved_name", "acme-reserved", "component name 'none' is reserved", {}),
    ("wants_argument", "acme-argument", "PluginValidationError: Plugin 'acme-argument:plugin'", {}),
    ("twice", "acme-twice", "acme-same is offered twice by this plugin", {"acme-same"}),
    (
        "mixing_generator",
        "acme-stray",
        "neuplug_generators: ValueError: acme-astray mixes: yield it in neuplug_augmenters",
        {"acme-apart"},
    ),
    ("unreadable", "acme-unreadable", "unreadable metadata", {}),
]


@pytest.mark.parametrize(("folder", "distribution", "message", "survivors"), FAULTS)
def test_a_fault_is_recorded_and_breaks_nothing_else(
    install: Install, folder: str, distribution: str, message: str, survivors: set[str]
) -> None:
    registry = install(folder, "good")
    (problem,) = [p for p in registry.problems if p.distribution == distribution]
    assert message in problem.message
    assert "\n" not in problem.message and "<string>" not in problem.message
    assert problem.version == "1.0"
    assert isinstance(problem.error, BaseException)
    assert set(names_of(registry, distribution)) == set(survivors)
    assert names_of(registry, "acme-good") == GOOD


@pytest.mark.parametrize(("folder", "distribution", "message", "survivors"), FAULTS)
def test_strict_raises_the_fault(
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    distribution: str,
    message: str,
    survivors: set[str],
) -> None:
    install(folder)  # found leniently before: strictness is no matter of what came first
    monkeypatch.setenv("NEUPLUG_BLOCK", blocklist(keep=distribution))
    monkeypatch.setenv("NEUPLUG_STRICT", "1")
    with pytest.raises(PluginError) as raised:
        discover()
    assert str(raised.value).startswith(f"{distribution} 1.0: ")
    assert message in str(raised.value)


def test_all_faults_at_once(install: Install) -> None:
    registry = install(*(folder for folder, *_ in FAULTS), "good")
    assert names_of(registry, "acme-good") == GOOD
    assert {d for _, d, *_ in FAULTS} <= {p.distribution for p in registry.problems}


def test_a_plugin_for_another_neuplug_is_not_imported(install: Install) -> None:
    registry = install("wrong_core")
    assert "acme_future" not in sys.modules
    remedy = f"upgrade neuplug, or install a version of the plugin made for {neuplug.__version__}"
    assert remedy in problems_of(registry, "acme-future")[0]


def test_an_optional_hook_of_a_later_neuplug_is_no_fault(install: Install) -> None:
    registry = install("optional_hook")
    assert names_of(registry, "acme-optional") == {"acme-today": "augmenter"}
    assert problems_of(registry, "acme-optional") == []


def test_discovery_sets_off_no_lazy_import(install: Install) -> None:
    registry = install("lazy")
    assert names_of(registry, "acme-lazy") == {"acme-lazy": "augmenter"}
    assert problems_of(registry, "acme-lazy") == []


def test_mixers_are_offered_among_augmenters(install: Install) -> None:
    registry = install("mixers", "good")
    assert names_of(registry, "acme-mixers") == {"acme-mild": "augmenter", "acme-swirl": "mixer"}
    assert problems_of(registry, "acme-mixers") == []
    assert "acme_swirl" not in sys.modules  # nobody has looked at its class


# The blocklist


@pytest.mark.parametrize(
    "blocked", ["acme-two", "other, ACME_Two ,", "acme.two:left,acme-two:right"]
)
def test_block(install: Install, monkeypatch: pytest.MonkeyPatch, blocked: str) -> None:
    monkeypatch.setenv("NEUPLUG_BLOCK", blocked)
    for module in ("acme_left", "acme_right"):
        sys.modules.pop(module, None)
    registry = install("two_entries", "good")
    assert names_of(registry, "acme-two") == {}
    assert problems_of(registry, "acme-two") == ["blocked by NEUPLUG_BLOCK"] * 2
    assert not {"acme_left", "acme_right"} & set(sys.modules)
    assert names_of(registry, "acme-good") == GOOD


def test_block_one_entry(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUPLUG_BLOCK", "acme-two:left")
    registry = install("two_entries")
    assert names_of(registry, "acme-two") == {"acme-right": "augmenter"}
    assert problems_of(registry, "acme-two") == ["blocked by NEUPLUG_BLOCK"]


def test_blocking_is_no_fault_under_strict(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("import_error", "good")
    monkeypatch.setenv("NEUPLUG_BLOCK", blocklist(keep="acme-good"))
    monkeypatch.setenv("NEUPLUG_STRICT", "1")
    assert names_of(discover(), "acme-good") == GOOD


# Order


@pytest.mark.parametrize("path", [("first", "second"), ("second", "first")])
def test_order_is_by_distribution_and_entry(install: Install, path: tuple[str, str]) -> None:
    registry = install(*path, "two_entries", "good")
    ours = [(p.distribution, p.name) for p in registry.components if "cme-" in p.distribution]
    assert ours == [
        ("acme-first", "acme-twin"),
        ("acme-first", "acme-either"),
        *(("acme-good", name) for name in GOOD),
        ("Acme-Second", "acme-twin"),
        ("Acme-Second", "acme-either"),
        ("acme-two", "acme-left"),  # its file names the right one first
        ("acme-two", "acme-right"),
    ]


def test_the_first_of_two_versions_on_the_path_counts(install: Install, tmp_path: Path) -> None:
    shutil.copytree(SITE / "good", tmp_path / "site")
    info = (tmp_path / "site" / "acme_good-1.0.dist-info").rename(
        tmp_path / "site" / "acme_good-2.0.dist-info"
    )
    metadata = (info / "METADATA").read_text()
    (info / "METADATA").write_text(metadata.replace("Version: 1.0", "Version: 2.0"))
    registry = install("good", tmp_path / "site")
    found = [p for p in registry.components if p.distribution == "acme-good"]
    assert [p.version for p in found] == ["2.0"] * len(GOOD)


# Names


# Targets


def test_discovery_is_cached_until_what_it_depends_on_changes(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = install("good")
    assert discover() is first
    monkeypatch.setenv("NEUPLUG_BLOCK", "acme-good")
    assert discover() is not first
    assert names_of(discover(), "acme-good") == {}
    assert os.environ["NEUPLUG_BLOCK"] == "acme-good"
