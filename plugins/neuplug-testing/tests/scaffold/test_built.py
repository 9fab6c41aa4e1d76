"""The wheels of new plugins beside that of neuplug, in an environment that has nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from neuplug_tests.environments import Environment, Installer, build
from neuplug_tests.trying import checked, compose

from .conftest import NAMES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(
    packages: dict[str, Path], install: Installer, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """An environment with the wheels of neuplug and of a new plugin of each kind."""
    own = tmp_path_factory.mktemp("built")
    for source in packages.values():
        build(source, own, "--wheel")
    assert len(list(own.glob("*.whl"))) == len(packages)
    names = [folder.name for folder in packages.values()]
    return install("neuplug-testing", *names, own=own, beside=["neuplug-figures"])


def test_no_other_component_is_there(made: Environment, tmp_path: Path) -> None:
    found = made.answer("neuplug", "plugins", "--json", where=tmp_path)
    assert found["problems"] == []
    assert {c["kind"]: c["name"] for c in found["components"]} == NAMES


@pytest.mark.parametrize("kind", NAMES)
def test_what_was_built_keeps_the_laws(
    kind: str, packages: dict[str, Path], made: Environment, tmp_path: Path
) -> None:
    outcomes = checked(made, packages[kind].name, where=tmp_path)
    assert {o["subject"] for o in outcomes} == {packages[kind].name, NAMES[kind]}


def test_a_run_with_all_of_them(made: Environment, tmp_path: Path) -> None:
    arms = [NAMES["augmenter"], NAMES["mixer"], NAMES["generator"]]
    words = ["--eval", NAMES["evaluator"]]
    result = compose(made, arms, [NAMES["classifier"]], *words, where=tmp_path)
    assert [arm["name"] for arm in result["arms"]] == ["none", *arms]
    assert {cell["arm"] for cell in result["cells"]} == {"none", *arms}
    assert {cell["classifier"] for cell in result["cells"]} == {NAMES["classifier"]}
    assert {e["evaluator"] for e in result["evaluations"]} == {NAMES["evaluator"]}


@pytest.mark.parametrize("kind", NAMES)
def test_the_built_neuplug_has_the_templates(kind: str, made: Environment, tmp_path: Path) -> None:
    made.output("neuplug", "plugins", "new", "other", "--kind", kind, where=tmp_path)
    written = tmp_path / "neuplug-other"
    assert (written / "neuplug_other" / f"{kind}.py").is_file()
    assert (written / ".github" / "workflows" / "tests.yml").is_file()
