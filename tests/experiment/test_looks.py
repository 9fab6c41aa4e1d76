"""``--repeats auto``: what is decided stops, the rest goes on; who looked before is told."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.bars import draw_bars
from neuplug_tests.lab import compose, install

import neuplug
from neuplug import ImageSet, Result
from neuplug.cli import main
from neuplug.experiment.analysis.about import provenance
from neuplug.experiment.claim import RunStopped, ask_to_stop
from neuplug.experiment.compose import prepare
from neuplug.experiment.config import resolve
from neuplug.experiment.events import Planned, Said
from neuplug.experiment.looks import looks_sentence
from neuplug.experiment.planning import add_repeats
from neuplug.experiment.reading import read_results
from neuplug.experiment.request import Request

Asking = Callable[..., Result]
SETTINGS: dict[str, Any] = {
    "aug": ["invert", "jitter@add=4"], "clf": ["linear"], "per_class": 20, "repeats": "auto",
    "training": {"steps": 20, "batch": 4},
}  # fmt: skip


def ask_about_bars(folder: Path, **settings: Any) -> Result:
    """200 bars, of which a network learns so much that inverting them clearly harms."""
    return compose(draw_bars(200, 0, ImageSet), folder, **{**SETTINGS, **settings})


class Rounds:
    """Remembers what each round leads up to, and stops the run at the beginning of one."""

    def __init__(self, folder: Path | None = None, stop: int = 0) -> None:
        self.until: list[str] = []
        self.folder, self.stop = folder, stop

    def __call__(self, event: Any) -> None:
        if isinstance(event, Planned):
            self.until.append(event.until)
            if self.folder is not None and len(self.until) == self.stop:
                ask_to_stop(self.folder)


@pytest.fixture(scope="module")
def auto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Result, Rounds]]:
    folder, rounds = tmp_path_factory.mktemp("auto"), Rounds()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, folder / "store", folder / "lab.log")
        yield ask_about_bars(folder, on_event=rounds, name="run"), rounds


def trained(result: Result) -> Counter[str]:
    return Counter(cell.arm for cell in result.results.cells)


def makes_sense(result: Result) -> None:
    """Whatever was decided has the repeats of its look, and what is open has had them all."""
    found, levels = result.results, {look.repeats: look.level for look in result.results.looks}
    assert levels == {5: 0.010, 8: 0.015, 12: 0.025}
    needed: Counter[tuple[str, str]] = Counter()
    for c in found.comparisons:
        assert c.level == levels[c.n]
        clear = min(c.adjusted_p or 0, c.adjusted_equivalent or 0) < c.level
        assert c.unlearnt or clear != (c.verdict == "no evidence")
        assert clear or c.n == 12
        for arm in (c.arm, c.against):
            needed[arm, c.classifier] = max(needed[arm, c.classifier], c.n)
    groups = {place: [c.repeat for c in cells] for place, cells in found.groups.items()}
    assert groups == {place: list(range(needed[place] or 5)) for place in groups}


def test_what_is_decided_stops_and_what_it_was_compared_with_goes_on(
    auto: tuple[Result, Rounds],
) -> None:
    result, rounds = auto
    makes_sense(result)
    said = {(c.arm, c.question): c for c in result.results.comparisons}
    first = said["invert", "none"]
    assert first.n == 5 and first.adjusted_p is not None and first.adjusted_p < 0.01
    # which goes for training too, so that it has no verdict: it stops all the same
    assert first.unlearnt == ("invert",) and first.verdict == "no evidence"
    assert said["jitter@add=4", "none"].n > 5
    # which the best classical arm was compared with at the first look
    assert said["jitter@add=4", "best classical"].against == "invert"
    assert (
        trained(result)["invert"] == 5 < trained(result)["none"] == trained(result)["jitter@add=4"]
    )
    assert rounds.until[0] == "the look at 5 of up to 12 repeats"
    assert rounds.until[1] == "the look at 8 of up to 12 repeats"
    assert looks_sentence(result.results).startswith(
        "Comparisons decided at the planned looks: 0 at 5 repeats (p below 0.01), "
    )
    assert looks_sentence(result.results) in str(result)
    assert any("(up to 12 repeats, seed 0)" in s for s in result.results.protocol.sentences)


def test_every_file_has_the_repeats_that_there_were(auto: tuple[Result, Rounds]) -> None:
    result, _ = auto
    assert read_results(result.folder) == result.results
    with (result.folder / "results.csv").open() as file:
        assert Counter(row["arm"] for row in csv.DictReader(file)) == trained(result)
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["repeat"] for row in rows if row["arm"] == "invert"} == set("01234")
    tested = {row["repeat"] for row in rows if row["split"] == "test"}
    assert tested == {str(n) for n in range(trained(result)["none"])}
    # a generator was fitted for each class and repeat, and of each it is known that it saw no test
    fits = {fit.key for fit in result.results.generators}
    assert set(result.results.provenance) == fits
    assert len(fits) == 2 * trained(result)["jitter@add=4"]


def test_asked_again_it_is_answered_at_once(auto: tuple[Result, Rounds]) -> None:
    result, _ = auto
    heard: list[Any] = []
    again = ask_about_bars(result.folder.parents[1], on_event=heard.append, name="run")
    assert again.results == result.results
    assert [event.text for event in heard if isinstance(event, Said)] and len(heard) == 1


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_stopped_between_two_looks_it_goes_on_to_the_same_results(
    auto: tuple[Result, Rounds], workers: int, lab: object, tmp_path: Path
) -> None:
    stopping = Rounds(tmp_path / "runs" / "run", stop=2)
    with pytest.raises(RunStopped):
        ask_about_bars(tmp_path, on_event=stopping, name="run", workers=workers)
    rounds = Rounds()
    again = ask_about_bars(tmp_path, on_event=rounds, name="run", workers=workers)
    assert rounds.until[0] == "the look at 8 of up to 12 repeats"  # the first five are done
    whole = auto[0].results
    assert again.results.comparisons == whole.comparisons
    assert [c.key for c in again.results.cells] == [c.key for c in whole.cells]


def test_with_several_classifiers_and_numbers_of_images(ask: Asking) -> None:
    settings: dict[str, Any] = {"training": {"steps": 2, "batch": 4}, "repeats": "auto"}
    result = ask(aug=["invert"], clf=["linear", "dropping"], per_class=[3, 6], **settings)
    makes_sense(result)
    assert {c.question for c in result.results.comparisons} == {"none", "more images"}


def test_an_arm_that_adds_nothing_asks_for_no_repeats(ask: Asking) -> None:
    result = ask(aug=["jitter@add=0"], repeats="auto", training={"steps": 2, "batch": 4})
    assert trained(result) == {"none": 5, "jitter@add=0": 5} and not result.results.comparisons
    beside = ask(aug=["jitter@add=0", "same"], repeats="auto", training={"steps": 2, "batch": 4})
    assert trained(beside) == {"none": 12, "same": 12, "jitter@add=0": 5}
    assert "jitter@add=0 adds no image for linear" in " ".join(str(beside).split())
    makes_sense(beside)


def test_an_amount_is_chosen_at_the_first_look_and_stays(ask: Asking) -> None:
    result = ask(
        aug=["jitter"], add=[2, 9], per_class=10, repeats="auto",
        training={"steps": 2, "batch": 4}, eval=["confidence"],
    )  # fmt: skip
    makes_sense(result)
    assert {dose.n for dose in result.results.doses} == {5}
    (chosen,) = [dose.arm for dose in result.results.doses if dose.chosen]
    (other,) = [d.arm for d in result.results.doses if d.value is not None and not d.chosen]
    assert trained(result) == {"none": 12, chosen: 12}
    assert len(result.results.evaluations) == 2 * 12
    with (result.folder / "manifest.csv").open() as file:
        rows = {(row["arm"], row["repeat"]) for row in csv.DictReader(file)}
    assert {repeat for arm, repeat in rows if arm == other} == set("01234")


def test_a_later_repeat_has_all_that_it_needs(lab: object) -> None:
    """The judge of a filter is the first classifier, whichever goes on."""
    flags = {"aug": ["jitter@add=4,filter=agreement"], "clf": ["linear", "conv"]}
    flags |= {"per_class": 6, "repeats": "auto", "eval": ["walker"]}
    config = resolve(flags=flags, environment={})
    plan = prepare(Request.of(config, draw_bars(40, 0, ImageSet)))
    before = len(plan.tasks)
    add_repeats(plan, 8, {(plan.arms[1].name, "conv")})
    assert len(plan.splits) == 8
    added = list(plan.tasks.values())[before:]
    assert {need for task in added for need in task.needs} <= plan.tasks.keys()
    judges = [task.label for task in added if task.kind == "train" and "none" in task.label]
    assert judges == [f"linear on none, repeat {n}" for n in (6, 7, 8)]
    assert provenance(plan).keys() > plan.provenance.keys()


def test_more_repeats_after_a_look_are_another_look(ask: Asking) -> None:
    steps = {"steps": 2, "batch": 4}
    told = [
        [w for w in ask(aug=["same"], training=steps, **asked).results.warnings if "before" in w]
        for asked in (
            {"repeats": 3}, {"repeats": 4}, {"repeats": 6, "name": "six"},
            {"repeats": 6, "seed": 1}, {"repeats": 2}, {"repeats": 1}, {"repeats": 12},
        )
    ]  # fmt: skip
    assert told[0] == told[3] == told[4] == told[5] == []
    assert told[1] == [
        "This question was answered with 3 repeats before: of 2 looks that were not planned "
        "together, one calls a difference by mistake in up to 10 of 100 such runs, not in 5; "
        "--repeats auto plans them."
    ]
    assert (
        "with 3 and 4 repeats before: of 3 looks" in told[2][0] and "up to 15 of 100" in told[2][0]
    )
    (warning,) = [
        w
        for w in ask(aug=["same"], training=steps, repeats="auto").results.warnings
        if "before" in w
    ]
    assert "with 2, 3, 4, 6 and 12 repeats" in warning  # it may come to as many
    later = ask(aug=["same"], training=steps, repeats=7).results.warnings
    assert any("with 2, 3, 4, 6 and auto repeats" in w for w in later)


def test_a_run_that_was_stopped_was_not_looked_at(lab: object, tmp_path: Path) -> None:
    few: dict[str, Any] = {"aug": ["same"], "repeats": 3, "training": {"steps": 2, "batch": 4}}
    with pytest.raises(RunStopped):
        ask_about_bars(tmp_path, **few, name="few", on_event=Rounds(tmp_path / "runs/few", 1))
    result = ask_about_bars(tmp_path, **few | {"repeats": 4})
    assert not [w for w in result.results.warnings if "before" in w]


def test_the_dry_run_says_up_to_how_many(
    lab: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["compose", "--aug", "jitter", "--clf", "linear", "--repeats", "AUTO", "--dry-run"]
    words += ["--classes", "crazing,patches", "--imgsz", "28"]
    assert main(words) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "up to 12 repeats; 10 cells up to the look at 5" in said
    assert "cost up to the look at 5: " in said
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["repeats"], found["looks"], found["cells"]) == ("auto", [5, 8, 12], 10)
    monkeypatch.setenv("NEUPLUG_COMPOSE_REPEATS", "3")
    assert main([w for w in words if w not in ("--repeats", "AUTO")]) == 0
    assert "3 repeats; 6 cells" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("given", ["often", "0", "1001", "2.5", "-3"])
def test_what_is_no_number_of_repeats(given: str) -> None:
    with pytest.raises(neuplug.InputError, match="write a number from 1 to 1000, or auto"):
        resolve(flags={"clf": ["a"], "repeats": given}, environment={})
