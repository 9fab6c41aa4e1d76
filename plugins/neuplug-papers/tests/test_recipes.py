"""The published systems: every recipe runs at its smallest budget, on the real images."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug import InputError
from neuplug.cli import main
from neuplug.experiment.arms import Selection
from neuplug.experiment.config import resolve
from neuplug.experiment.reading import read_results
from neuplug.experiment.summary.wording import MISSING
from neuplug_papers import beside
from neuplug_papers.paper import Paper

FIVE = ["edcgan2023", "farhat", "reser2020", "schlagenhauf2020", "zamani"]


@pytest.fixture(scope="module")
def ball_screws(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pitting and intact crops of the real photographs."""
    out = tmp_path_factory.mktemp("crops") / "out"
    source = shared_data / "ball-screw"
    words = ["data", "crop", str(source / "images"), str(source / "labelme"), str(out)]
    assert main([*words, "--size", "96"]) == 0
    return out


@pytest.fixture
def place(request: pytest.FixtureRequest, shared_data: Path) -> Any:
    """Where a recipe's images are."""

    def of(recipe: str) -> Path:
        if recipe == "schlagenhauf2020":
            found: Path = request.getfixturevalue("ball_screws")
            return found
        return shared_data / ("eth80" if recipe == "farhat" else "neu-det/IMAGES")

    return of


def test_the_five_are_there() -> None:
    assert [spec.name for spec in neuplug.discover().of_kind("recipe")] == FIVE


@pytest.mark.parametrize("budget", ["paper", "laptop", "smoke"])
@pytest.mark.parametrize("name", FIVE)
def test_every_setting_of_every_budget_exists(name: str, budget: str) -> None:
    """Components, options and values are valid, and published rows name arms of the paper."""
    flags = {"recipe": name, "budget": budget, "data": "somewhere"}
    # no machine of a test has the Inception network's weights
    offline = ("fid.extractor=classifier",) if name == "schlagenhauf2020" else ()
    config = resolve(flags=flags, settings=offline, environment={})
    arms = {arm.base for arm in Selection(config).arms}
    # another plugin's component of the same name is never taken for the one that was measured
    assert all(name.startswith("neuplug-") and ":" in name for name, *_ in config.components())
    recipe = Paper.load(name)
    for table in recipe.published:
        for row in table.rows:
            if budget == "paper":
                assert row.arm in arms
                plain = [name.rpartition(":")[2] for name in config.clf]
                assert row.classifier in (None, *plain)
                assert row.per_class is None or row.per_class in (config.per_class or [])
        if budget == "laptop":  # at home the table is filled at least in part
            assert arms & {row.arm for row in table.rows}
    assert recipe.source and recipe.decisions and recipe.budgets[budget].cost


@pytest.mark.slow
@pytest.mark.parametrize("name", FIVE)
def test_smoke(name: str, place: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compose", "--recipe", name, "--budget", "smoke", "--data", str(place(name))]
    capsys.readouterr()
    assert main([*words, "--project", str(tmp_path), "--name", "run", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [e["error"] for e in results["evaluations"] if e["error"]] == []
    assert (results["config"]["recipe"], results["config"]["budget"]) == (name, "smoke")
    paper, found = Paper.load(name), read_results(tmp_path / "run")
    (section,) = beside.BesideThePaper().sections(found)
    ours = [line for t in paper.published for line in beside.lines(paper, t, found) if line.ours]
    assert bool(ours) == (name != "zamani")  # which publishes no number
    for table in section.tables:
        assert [row.own for row in table.rows if not row.own] or not table.rows
        for row in table.rows:
            assert all(bool(c.aside) == (row.own and c.middle != MISSING) for c in row.cells)
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert " ".join(paper.protocols.sound.split()) in html.unescape(page)
    test, train = _ids(tmp_path / "run", "test"), _ids(tmp_path / "run", "train")
    assert test and train and not test & train
    if name == "reser2020":
        assert all("all" in {way for _, way in line.ours} for line in ours)
    if name == "schlagenhauf2020":  # no photograph on both sides
        assert not {i.split("/")[-2] for i in test} & {i.split("/")[-2] for i in train}
    if name == "farhat":  # no object on both sides
        assert not {i.split("/")[1] for i in test} & {i.split("/")[1] for i in train}


def _ids(folder: Path, split: str) -> set[str]:
    import csv

    with (folder / "manifest.csv").open() as file:
        return {
            row["id"]
            for row in csv.DictReader(file)
            if row["split"] == split and row["origin"] == "real"
        }


def test_your_settings_go_before_the_recipes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("recipe: reser2020\nbudget: smoke\nimgsz: 48\ntraining: {lr: 0.5}\n")
    config = resolve(
        file, {"data": "x", "repeats": 2, "aug": ["flip"]}, ("smallcnn.layout=compact",),
        environment={"NEUPLUG_COMPOSE_SEED": "9"},
    )  # fmt: skip
    assert (config.imgsz, config.repeats, config.seed, config.aug) == ((48, 48), 2, 9, ["flip"])
    assert config.training.lr == 0.5 and config.training.schedule == "plateau"
    assert config.options["smallcnn"] == {"layout": "compact"}
    zamani = {"recipe": "zamani", "data": "x", "clf": ["smallcnn"]}
    shorter = resolve(flags=zamani, settings=("dcgan.steps=9",), environment={}).options["dcgan"]
    assert shorter["steps"] == 9 and "epochs" not in shorter
    # options of what no longer takes part are no mistake
    assert Selection(config).arms[0].name == "none (10 per class)"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"recipe": "reser"}, "Did you mean reser2020"),
        ({"recipe": "reser2020", "budget": "labtop"}, "Did you mean laptop"),
        ({"recipe": "reser2020"}, "needs its images"),
        ({"budget": "smoke", "clf": ["a"]}, "belongs to a recipe"),
    ],
)
def test_recipes_that_make_no_sense(flags: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        resolve(flags=flags, environment={})


def test_a_recipe_from_python_brings_its_arms_and_classifiers() -> None:
    with pytest.raises(InputError, match="there is no file or folder nowhere"):
        neuplug.compose("nowhere", recipe="reser2020", budget="smoke")


def test_the_list_and_one_recipe_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    shown = capsys.readouterr().out
    for name in FIVE:
        assert name in shown and Paper.load(name).title.split()[0] in shown
    assert main(["recipes", "--json"]) == 0
    assert [r["name"] for r in json.loads(capsys.readouterr().out)] == FIVE
    assert main(["recipes", "show", "reser2020"]) == 0
    shown = capsys.readouterr().out
    assert "Table II" in shown and "0.92" in shown and "1800" in shown
    assert main(["recipes", "show", "reser"]) == 2
    assert "Did you mean reser2020" in capsys.readouterr().err
