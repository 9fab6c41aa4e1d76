"""Which component a name means; its class is loaded when it is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from neuplug import InputError, PluginError
from neuplug.plugins.distributions import Problem, name_troubled

from .fakes import SITE, STAGES, Install, problems_of


def test_a_name_offered_twice_is_listed_and_refused(install: Install) -> None:
    registry = install("first", "second")
    assert problems_of(registry, "acme-first") == problems_of(registry, "Acme-Second") == []
    assert len([p for p in registry.of_kind("augmenter") if p.name == "acme-twin"]) == 2
    with pytest.raises(InputError) as raised:
        registry.resolve("acme-twin")
    assert "acme-first:acme-twin" in str(raised.value)
    assert "Acme-Second:acme-twin" in str(raised.value)
    for name, distribution in [("acme-first", "acme-first"), ("ACME.second", "Acme-Second")]:
        assert registry.resolve(f"{name}:acme-twin").distribution == distribution


def test_augmenters_and_generators_share_a_name_space(install: Install) -> None:
    registry = install("first", "second")
    with pytest.raises(InputError, match=r"acme-either \(augmenter\).*acme-either \(generator\)"):
        registry.resolve("acme-either", STAGES)
    assert registry.resolve("acme-either", ("generator",)).distribution == "Acme-Second"
    assert registry.resolve("acme-first:acme-either", STAGES).kind == "augmenter"


def test_mixers_are_in_that_name_space_too(install: Install) -> None:
    registry = install("mixers", "good")
    assert registry.resolve("acme-swirl").kind == "mixer"
    with pytest.raises(InputError, match="no augmenter or generator is called 'acme-swirl'"):
        registry.resolve("acme-swirl", STAGES)
    with pytest.raises(InputError, match="no augmenter or mixer or generator is called 'acme-swi'"):
        registry.resolve("acme-swi", ("augmenter", "mixer", "generator"))


@pytest.mark.parametrize(
    ("name", "kinds", "sentence"),
    [
        ("acme-din", STAGES, "no augmenter or generator is called 'acme-din'. Did you mean acme-d"),
        ("acme-mean", ("classifier",), "no classifier is called 'acme-mean'"),
        ("acme-first:acme-dim", STAGES, "no augmenter or generator is called 'acme-first:acme-di"),
        ("", STAGES, "no augmenter or generator is called ''"),
    ],
)
def test_unknown_names(install: Install, name: str, kinds: tuple[str, ...], sentence: str) -> None:
    registry = install("good")
    with pytest.raises(InputError) as raised:
        registry.resolve(name, kinds)
    assert str(raised.value).startswith(sentence)
    assert "See 'neuplug plugins'" in str(raised.value)


def test_a_distribution_that_is_called_like_what_is_no_plugin(
    install: Install, tmp_path: Path
) -> None:
    shutil.copytree(SITE / "good", tmp_path / "site")
    info = tmp_path / "site" / "acme_good-1.0.dist-info" / "METADATA"
    info.write_text(info.read_text("utf-8").replace("acme-good", "Local"), "utf-8")
    registry = install(tmp_path / "site")
    assert problems_of(registry, "Local")[0].startswith("the name Local stands for components of n")


def test_plugins_with_problems_are_named(install: Install) -> None:
    registry = install("good", "import_error", "wrong_core", "raising_hook")
    assert name_troubled(registry.problems).endswith(
        "acme-future, acme-importerror and acme-raising have problems"
    )
    with pytest.raises(InputError, match=r"acme-future.* have problems\. See 'neuplug plugins'"):
        registry.resolve("nothing-of-this-name")
    twice = [Problem("acme-vae", "1.0", "broken")] * 2
    assert name_troubled(twice) == "acme-vae has a problem" and name_troubled([]) == ""


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("acme-nowhere", "No module named 'acme_targets_missing'"),
        ("acme-noclass", "has no attribute 'Bright'"),
        ("acme-wrongkind", "acme_good_parts:Mean is not a neuplug.Augmenter"),
        ("acme-function", "acme_targets:neuplug_augmenters is not a neuplug.Augmenter"),
        ("acme-unfinished", "acme_good_parts:Unfinished lacks augment"),
        ("acme-exits", "SystemExit: 3"),
    ],
)
def test_a_target_is_only_a_fault_when_it_is_chosen(install: Install, name: str, what: str) -> None:
    registry = install("good", "targets")
    assert problems_of(registry, "acme-targets") == []
    with pytest.raises(PluginError) as raised:
        registry.resolve(name).load()
    assert str(raised.value).startswith(f"{name} of acme-targets 1.0")
    assert what in str(raised.value)
    assert "Leave it out or install another version of acme-targets" in str(raised.value)
