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

from neuplug.errors import InputError
from neuplug.report import verdicts
from neuplug.report.page import write_report
from neuplug.storage.atomic import write_whole

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
    assert body[:2] == ["simulated data", verdicts.headline(full_run[1])[0][1]]


def test_every_verdict_stands_with_its_figures(full_run: Run, page: Any) -> None:
    plain = page.text.replace("\N{NO-BREAK SPACE}", " ")
    for comparison in full_run[1]["comparisons"]:
        claim, figures = verdicts.verdict_parts(comparison, full_run[1])
        assert f"{claim} : {figures}" in plain


def test_every_mean_stands_with_interval_and_n(full_run: Run, page: Any) -> None:
    results = full_run[1]
    for entry in results["summary"]:
        nth = results["classifiers"].index(entry["classifier"])
        per_class = entry["metric"].startswith("f1:")
        shown = verdicts.metric(entry["metric"])
        value = f"{verdicts.number(entry['mean'], shown)} {verdicts.spread(entry, shown)}"
        assert "±" in value or verdicts.ELLIPSIS in value
        if per_class:
            row = page.row(entry["metric"].removeprefix("f1:"), nth)
            assert value in row  # n is the same in all cells, and said once
            assert f"interval over n = {entry['n']} repeats" in page.text
        else:
            row = page.row(f"{entry['arm']}", nth)
            assert value in row and row.endswith(f" {entry['n']}")


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
    sheet = files("neuplug.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    colors = dict(re.findall(r"--(\w+): (#\w{6});", blocks[("light", "dark").index(scheme)]))
    pairs = [(text, "paper") for text in ("ink", "muted", "blue", "orange")]
    pairs += [("ink", "tint"), ("muted", "tint"), ("ink", "heat")]
    for text, ground in pairs:
        light, dark = sorted((luminance(colors[text]), luminance(colors[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_hostile_names_are_text(make: Make, show: Show, hostile: list[str], tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    results = make(classes=hostile)
    results["name"] = results["data"]["source"] = results["command"] = script
    results["warnings"] = [script]
    results["arms"][1]["label"] = '"><img src=x onerror=alert(1)>'
    results["config"] = {script: {script: script}}
    results["pictures"] = [{"title": script, "kind": "grid", "file": script, "caption": script}]
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


def test_missing_parts_are_left_out(make: Make, show: Show) -> None:
    results = make()
    for part in (
        "generators", "pictures", "unpictured", "profiles", "published", "evaluations", "warnings",
        "cost", "config", "protocol",
    ):  # fmt: skip
        del results[part]
    for cell in results["cells"]:
        cell["curves"] = {}
    results["data"]["skipped"] = []
    results["summary"] = [s for s in results["summary"] if not s["metric"].startswith("f1:")]
    page = show(results)
    ids = [a["id"] for a in page.of("h2")]
    assert ids == ["verdicts", "results", "confusion", "data", "protocol", "again"]


def test_other_comparisons_follow_the_verdicts(make: Make, show: Show) -> None:
    results = make(repeats=2, curves=False)
    results["comparisons"].append(results["comparisons"][0] | {"against": "flip", "effect": 0.9})
    page = show(results)
    assert "+90.0 points accuracy against flip," in page.text.partition("Other comparisons")[2]
    assert "90.0" not in page.text.partition("Other comparisons")[0]
    assert "90.0" not in " ".join(page.rows)  # the table shows the difference to none


def test_a_picture_outside_the_run_is_not_shown(
    make: Make, show: Show, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.png"
    secret.write_bytes(b"secret")
    results = make(repeats=1, curves=False)
    results["pictures"] = [
        {"title": "a", "kind": "grid", "file": str(secret), "caption": ""},
        {"title": "b", "kind": "grid", "file": "samples/gone.png", "caption": ""},
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
    assert sorted(first) == [*figures, "report.html", "results.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()  # nothing can be put in its place
    with pytest.raises(OSError):
        write_whole(tmp_path / "report.html", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no results\.json: give the folder of a run"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "has the schema None"),
        (json.dumps({"schema": "neuplug.results/9"}), "has the schema 'neuplug.results/9'"),
    ],
)
def test_results_of_another_kind_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match=message):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()
