"""The page: whole in one file, the verdict first, open to everyone."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from neuplug.cli import main
from neuplug.errors import InputError
from neuplug.experiment.summary import wording
from neuplug.storage.files import write_whole
from neuplug_report.headline import headline
from neuplug_report.page import write_report

from .conftest import save, typed

Make = Callable[..., dict[str, Any]]
Report = Callable[[dict[str, Any]], str]
Show = Callable[[dict[str, Any]], Any]
Run = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def page(full_run: Run, parse: Callable[[str], Any]) -> Any:
    return parse((full_run[0] / "report.html").read_text(encoding="utf-8"))


def test_the_file_needs_nothing_else(full_run: Run, page: Any) -> None:
    source = (full_run[0] / "report.html").read_text(encoding="utf-8")
    assert "http:" not in source and "https:" not in source and "//" not in page.text
    assert not page.of("script") and not page.of("link") and not page.of("iframe")
    assert "@import" not in source and not re.search(r"url\((?!#)", source)
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/", "#")), (tag, value)
        assert not any(name.startswith("on") for name in attributes)


def test_the_verdict_is_the_first_heading(full_run: Run, page: Any) -> None:
    headings = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1" and headings.count("h1") == 1
    body = [data.strip() for path, data in page.parts if "body" in path and data.strip()]
    assert body[:2] == ["simulated data", headline(typed(full_run[1]))[0][1]]


def test_every_verdict_stands_with_its_figures(full_run: Run, page: Any) -> None:
    plain = page.text.replace("\N{NO-BREAK SPACE}", " ")
    results = typed(full_run[1])
    for comparison in results.comparisons:
        claim, figures = wording.verdict_parts(comparison, results)
        assert f"{claim} : {figures}" in plain


def test_every_mean_stands_with_interval_and_n(full_run: Run, page: Any) -> None:
    results = typed(full_run[1])
    for entry in results.summary:
        nth = results.classifiers.index(entry.classifier)
        shown = wording.METRICS[entry.metric]
        value = f"{wording.number(entry.mean, shown)} {wording.spread(entry, shown)}"
        assert "±" in value or wording.ELLIPSIS in value
        if entry.class_name is not None:
            row = page.row(entry.class_name, nth)
            assert value in row  # n is the same in all cells, and said once
            assert f"interval over n = {entry.n} repeats" in page.text
        else:
            row = page.row(entry.arm, nth)
            assert value in row and row.endswith(f" {entry.n}")


def test_evaluations_have_interval_repeats_and_images(page: Any) -> None:
    assert page.row("Measure") == "Measure dcgan n = 3, 240 images"
    row = page.row("inception-v3, resized to 299")  # as many digits as the interval bears
    assert re.search(r"299 \d+\.\d{3} ± 0\.\d{3}$", row)


def test_simulated_is_said_wherever_numbers_are(
    page: Any, make: Make, show: Show, tmp_path: Path
) -> None:
    captions = [d for path, d in page.parts if path[-1:] == ("caption",)]
    assert sum("simulated data" in d for d in captions) == len(page.of("table"))
    real = show(make(simulated=False, repeats=1))
    assert "simulated" not in real.text.replace(str(tmp_path), "")


def test_every_figure_of_the_page_is_a_file_in_both_forms(full_run: Run) -> None:
    figures = full_run[0] / "figures"
    source = (full_run[0] / "report.html").read_text(encoding="utf-8")
    inside = re.findall(r"<svg.*?</svg>", source, re.DOTALL)
    files = {path.stem: path.read_text(encoding="utf-8") for path in figures.glob("*.svg")}
    assert sorted(map(words, inside)) == sorted(map(words, files.values()))
    for name in files:
        assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    pixels = {path.name for path in figures.iterdir() if path.stem not in files}
    assert pixels == {"samples-dcgan-repeat-1.png"}


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if "text" in element.tag]


def test_figures_and_pictures_are_inside_with_words_for_them(full_run: Run, page: Any) -> None:
    drawn = [a for a in page.of("svg")]
    assert len(drawn) == len(list((full_run[0] / "figures").glob("*.svg"))) == 14
    assert all(a["role"] == "img" and a["aria-label"] for a in drawn)
    (image,) = page.of("img")
    assert image["alt"] and "dcgan, repeat 1" in image["alt"]
    assert image["src"] is not None
    content = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    assert content == (full_run[0] / "samples" / "dcgan.png").read_bytes()


def test_the_page_is_open_to_everyone(page: Any) -> None:
    assert page.of("html")[0]["lang"] == "en"
    assert page.of("meta")[1]["content"] == "width=device-width, initial-scale=1"
    scopes = {a.get("scope") for a in page.of("th")}
    assert scopes == {"col", "row"}
    assert len(page.of("caption")) == len(page.of("table"))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert all(a["aria-labelledby"] in ids for a in page.of("section"))
    assert not page.open  # every element is closed


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(scheme: str) -> None:
    sheet = files("neuplug_report").joinpath("templates/page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    colors = dict(re.findall(r"--(\w+): (#\w{6});", blocks[("light", "dark").index(scheme)]))
    pairs = [(text, "paper") for text in ("ink", "muted", "blue", "orange")]
    pairs += [("ink", "tint"), ("muted", "tint"), ("ink", "heat")]
    for text, ground in pairs:
        light, dark = sorted((luminance(colors[text]), luminance(colors[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_hostile_names_are_text(make: Make, show: Show, hostile: list[str], tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    arm = '"><img src=x onerror=alert(1)>'
    results = make(classes=hostile, arms={"none": 0.0, "dcgan": 0.0, arm: 0.0})
    results["name"] = results["data"]["source"] = results["command"] = script
    results["warnings"] = [script]
    results["config"] = {script: {script: script}}
    results["pictures"] = [
        {"title": script, "kind": "animation", "file": script, "caption": script}
    ]
    page = show(results)
    assert not page.of("script") and not page.of("img") and len(page.of("b")) > 0
    assert script in page.text
    assert hostile[0] in page.text
    assert "\x1b" not in page.text


def test_one_repeat(make: Make, show: Show) -> None:
    page = show(make(repeats=1, curves=False))
    assert "One repeat: no verdict, add --repeats." in page.text
    row = page.row("dcgan")
    assert row.count("one repeat") == 6 and row.endswith(" 1")
    assert "± " not in row


@pytest.mark.parametrize(
    ("found", "row"),
    [
        ({"near_duplicate_groups": None, "near_duplicate_images": None}, "not looked for"),
        ({"near_duplicate_groups": 0, "near_duplicate_images": 0}, "none"),
        (
            {"near_duplicate_groups": 1, "near_duplicate_images": 3},
            "1 group of 3 images, each kept on one side of every split",
        ),
        (
            {"near_duplicate_groups": 2, "near_duplicate_images": 5},
            "2 groups of 5 images in all, each kept on one side of every split",
        ),
    ],
)
def test_near_duplicates_are_a_row_of_the_data(
    make: Make, show: Show, found: dict[str, Any], row: str
) -> None:
    results = make(repeats=1, curves=False)
    results["data"] |= found
    assert f"Near duplicates {row} Digest" in show(results).text


def test_of_a_split_that_leaks_nothing_is_promised(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False)
    results["data"] |= {"near_duplicate_groups": 2, "near_duplicate_images": 5}
    results["leak"] = "2 images are in both parts."
    text = show(results).text
    assert "2 groups of 5 images in all, which the given split may divide" in text
    assert "kept on one side" not in text


def test_what_a_run_has_nothing_of_has_no_section(make: Make, show: Show) -> None:
    results = make(curves=False)
    results["evaluations"] = results["warnings"] = []
    results["profiles"] = {}
    results["data"]["skipped"] = []
    results["summary"] = [s for s in results["summary"] if s["class_name"] is None]
    ids = [a["id"] for a in show(results).of("h2")]
    assert ids == ["verdicts", "results", "confusion", "data", "protocol", "again"]


def test_a_picture_outside_the_run_is_not_shown(
    make: Make, show: Show, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.png"
    secret.write_bytes(b"secret")
    results = make(repeats=1, curves=False)
    results["pictures"] = [
        {"title": "a", "kind": "animation", "file": str(secret), "caption": ""},
        {"title": "b", "kind": "animation", "file": "samples/gone.png", "caption": ""},
    ]
    page = show(results)
    assert not page.of("img")
    assert f"The picture {secret} is not in the folder of the run." in page.text
    assert "The picture samples/gone.png is not in the folder of the run." in page.text


def test_the_same_results_give_the_same_bytes_and_nothing_is_left_aside(
    make: Make, report: Report, tmp_path: Path
) -> None:
    def written() -> dict[str, bytes]:
        report(results)
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in found}

    results = make(repeats=1)
    first = written()
    (tmp_path / "report.html").write_text("an old one")
    assert written() == first
    kinds = ["accuracy", "classifier-smallcnn", "confusion-smallcnn-dcgan"]
    kinds += ["confusion-smallcnn-none", "differences", "generator-dcgan"]
    figures = [f"figures/{name}.{form}" for name in kinds for form in ("png", "svg")]
    others = ["report.html", "reports.json", "results.json", "samples/pictures.json"]
    assert sorted(first) == ["curves.json", *figures, *others]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(TypeError):
        write_whole(tmp_path / "report.html", None)  # type: ignore[arg-type]
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "old"


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"has no results\.json: give the folder of a finished run"
    ):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[" * 9999, "cannot be read"),
        ("[]", "has no format, and this neuplug reads the format 4"),
        ('{"schema": "neuplug.results/2"}', "has no format"),
        ('{"format": 9}', "has the format 9"),
        ('{"format": true}', "has the format True"),
    ],
)
def test_results_of_another_kind_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match=message):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


Damage = Callable[[dict[str, Any]], Any]

DAMAGES: list[tuple[Damage, str]] = [
    (lambda r: r.pop("cells"), "cells: field required"),
    (
        lambda r: r["cells"].clear(),
        "cells: tuple should have at least 1 item after validation, not 0",
    ),
    (
        lambda r: r["cells"][3]["test"].update(accuracy="high"),
        "cells[3].test.accuracy: input should be a valid number, unable to parse string as a "
        "number, not 'high'",
    ),
    (
        lambda r: r["cells"][1]["test"].update(f1=1.5),
        "cells[1].test.f1: input should be less than or equal to 1, not 1.5",
    ),
    (lambda r: r.update(surprise=1), "surprise: extra inputs are not permitted"),
    (lambda r: r["arms"][1].update(name="x"), "cells[2].arm is 'dcgan', and the run has none"),
    (
        lambda r: r["summary"][0].update(low=None),
        "summary[0]: low and high are two numbers, or both null",
    ),
    (
        lambda r: r["comparisons"][0].update(verdict="one repeat"),
        "comparisons[0]: low, high, the p-values and detectable are numbers, but of one repeat "
        "all null",
    ),
    (
        lambda r: r["cells"][0]["test"]["confusion"].pop(),
        "cells[0].test.confusion has another number of classes",
    ),
    (
        lambda r: r["evaluations"][0]["metrics"][0].update(value=float("nan")),
        "evaluations[0].metrics[0].value: input should be a finite number, not nan",
    ),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES)
def test_of_damaged_results_the_place_is_named(
    make: Make,
    damage: Damage,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save(make(repeats=2, curves=False), tmp_path)
    raw = json.loads((tmp_path / "results.json").read_text("utf-8"))
    damage(raw)
    (tmp_path / "results.json").write_text(json.dumps(raw))
    assert main(["report", str(tmp_path)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert f"results.json is damaged: {sentence}; compose the run again with --fresh." in told
    assert not (tmp_path / "report.html").exists()


def test_curves_that_are_gone_are_told(make: Make, tmp_path: Path) -> None:
    save(make(repeats=1), tmp_path)
    (tmp_path / "curves.json").unlink()
    with pytest.raises(InputError, match=r"curves\.json cannot be read .*--fresh"):
        write_report(tmp_path)
