"""Files within the page: animations, evaluators' figures, and what is too much for it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from neuplug_report import gallery
from neuplug_report.animation import save_animation

from .conftest import SILENT, number

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def moving(make: Make, tmp_path: Path) -> dict[str, Any]:
    """A run with an animation of two classes."""
    results = make(repeats=1, curves=False)
    for i, name in enumerate(("crazing", "patches")):
        film = [(f"epoch {t}", torch.full((4, 1, 8, 8), 50 * t).byte()) for t in range(1, 4)]
        file = tmp_path / "samples" / f"{i:02d}-animation-{name}.gif"
        save_animation(name, film, file)
        results["pictures"].append(
            {
                "title": f"dcgan: {name}",
                "kind": "animation",
                "file": f"samples/{file.name}",
                "still": f"samples/{file.stem}.png",
                "caption": "The same noise from epoch 1 to 3; first repeat.",
            }
        )
    return results


def content(source: str | None, media: str) -> bytes:
    assert source is not None
    return base64.b64decode(source.removeprefix(f"data:{media};base64,"))


def test_an_animation_stands_still_where_motion_is_not_wanted(
    moving: dict[str, Any], show: Show, tmp_path: Path
) -> None:
    page = show(moving)
    stills, films = page.of("source"), page.of("img")
    assert len(stills) == len(films) == 2
    for entry, still, film in zip(moving["pictures"], stills, films, strict=True):
        assert still["media"] == "(prefers-reduced-motion: reduce)"
        assert content(still["srcset"], "image/png") == (tmp_path / entry["still"]).read_bytes()
        assert content(film["src"], "image/gif") == (tmp_path / entry["file"]).read_bytes()
        assert entry["title"] in str(film["alt"])
    assert "moving: 2 animations" in page.text


def test_what_is_too_much_is_named_instead(
    moving: dict[str, Any], show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = moving["pictures"][0]
    size = sum((tmp_path / first[key]).stat().st_size for key in ("file", "still"))
    monkeypatch.setattr(gallery, "ANIMATIONS", round(1.5 * size))
    page = show(moving)
    assert len(page.of("img")) == 1
    (link,) = page.of("a")
    assert link["href"] == moving["pictures"][1]["file"]
    assert (tmp_path / str(link["href"])).is_file()


def figures_of(folder: Path, arm: str, repeat: int, key: str) -> dict[str, Any]:
    file = folder / "evaluations" / key / "0-crazing-walk.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(f"{arm} {repeat}".encode())
    return {
        "evaluator": "interpolation",
        "key": key,
        "arm": arm,
        "classifier": None,
        "repeat": repeat,
        "metrics": [],
        "figures": [f"evaluations/{key}/0-crazing-walk.png"],
        "warnings": [],
        "error": None,
    }


def test_figures_of_the_first_repeat_are_grouped(make: Make, show: Show, tmp_path: Path) -> None:
    arms = {"none": 0.0, "flip": 0.0, "dcgan": 0.0, "dcgan again": 0.0}
    results = make(repeats=1, arms=arms, curves=False)
    results["evaluators"] = {"interpolation": SILENT}
    results["evaluations"] = [
        figures_of(tmp_path, "dcgan", 1, "b"),
        figures_of(tmp_path, "dcgan", 0, "a"),
        figures_of(tmp_path, "dcgan again", 0, "a"),
        figures_of(tmp_path, "flip", 0, "c"),
    ]
    page = show(results)
    shown = [content(image["src"], "image/png") for image in page.of("img")]
    assert shown == [b"dcgan again 0", b"flip 0"]  # one file for both arms, written twice
    summaries = [data for path, data in page.parts if path[-1:] == ("summary",)]
    assert summaries[:2] == [
        "dcgan and dcgan again, first repeat: 1 figure",
        "flip, first repeat: 1 figure",
    ]
    assert "crazing walk" in page.text and "0 crazing" not in page.text
    alts = [image["alt"] for image in page.of("img")]
    assert alts[1] == "crazing walk: interpolation of flip, first repeat, simulated data"


def test_every_figure_of_the_page_is_among_the_figures(
    moving: dict[str, Any], show: Show, tmp_path: Path
) -> None:
    entry = figures_of(tmp_path, "dcgan", 0, "a")
    (tmp_path / "evaluations/a/0-crazing-walk.svg").write_bytes(SVG)  # both formats
    moving["evaluators"] = {"interpolation": SILENT}
    moving["evaluations"] = [entry, figures_of(tmp_path, "dcgan", 1, "b")]
    (tmp_path / "samples" / "wide.png").write_bytes(b"wide")
    (tmp_path / "samples" / "narrow.png").write_bytes(b"narrow")
    sheet = {"title": "dcgan: beside real images", "kind": "side-by-side", "caption": ""}
    files = {"file": "samples/wide.png", "narrow": "samples/narrow.png"}
    moving["pictures"] += [sheet | files] * 2  # two of one title are two figures
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.*") if p.is_file()}
    page = show(moving)
    found = {p.name: p.read_bytes() for p in (tmp_path / "figures").iterdir()}
    wanted = {
        "animation-dcgan-crazing.gif": "samples/00-animation-crazing.gif",
        "animation-dcgan-crazing.png": "samples/00-animation-crazing.png",
        "samples-dcgan-beside-real-images.png": "samples/wide.png",
        "samples-dcgan-beside-real-images-2.png": "samples/wide.png",
        "samples-dcgan-beside-real-images-narrow.png": "samples/narrow.png",
        "interpolation-dcgan-crazing-walk.png": "evaluations/a/0-crazing-walk.png",
        "interpolation-dcgan-crazing-walk.svg": "evaluations/a/0-crazing-walk.svg",
    }
    for name, source in wanted.items():
        assert found[name] == (tmp_path / source).read_bytes()
    assert len([name for name in found if name.startswith("interpolation")]) == 2  # first repeat
    assert all(p.read_bytes() == content for p, content in before.items())  # the old places hold
    narrow = [a for a in page.of("source") if a["media"] == "(max-width: 46rem)"]
    assert [content(a["srcset"], "image/png") for a in narrow] == [b"narrow"] * 2


def test_an_svg_cannot_act(make: Make, show: Show, tmp_path: Path) -> None:
    results = make(repeats=1, curves=False)
    results["evaluators"] = {"interpolation": SILENT}
    entry = figures_of(tmp_path, "dcgan", 0, "a")
    (tmp_path / "evaluations/a/map.svg").write_bytes(SVG)
    results["evaluations"] = [entry | {"figures": ["evaluations/a/map.svg"]}]
    page = show(results)
    assert not page.of("script")
    (image,) = page.of("img")  # an image runs no script
    assert content(image["src"], "image/svg+xml") == SVG


def test_figures_outside_the_run_or_of_another_kind_are_sentences(
    make: Make, show: Show, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.png"
    secret.write_bytes(b"secret")
    (tmp_path / "table.csv").write_text("a,b")
    results = make(repeats=1, curves=False)
    results["evaluators"] = {"interpolation": SILENT}
    entry = figures_of(tmp_path, "dcgan", 0, "a")
    results["evaluations"] = [entry | {"figures": [str(secret), "table.csv"]}]
    page = show(results)
    assert not page.of("img")
    assert f"The picture {secret} is not in the folder of the run." in page.text
    assert "The picture table.csv is not in the folder of the run." in page.text


def test_a_failed_evaluator_is_told(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False)
    failed = {"metrics": [], "figures": [], "error": "fid of neuplug-fid 0.1.0 failed: no weights"}
    results["evaluations"] = [results["evaluations"][0] | failed]
    page = show(results)
    assert "dcgan, repeat 1: fid of neuplug-fid 0.1.0 failed: no weights" in page.text


def test_numbers_of_one_class_are_folded_away(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False)
    about: dict[str, Any] = {"label": "Fréchet inception distance", "n": 24}
    metrics = [
        number("FID", 88.123, **about),
        number("FID", 91.0, "crazing", **about),
        number("n real", 12, unit="images", label="real images"),
        number("RMSE", 3.0, "patches", n=24),
    ]
    results["evaluations"] = [results["evaluations"][0] | {"metrics": metrics}]
    page = show(results)
    inside = {"".join(d for p, d in page.parts if "details" in p and "tr" in p)}.pop()
    assert "Fréchet inception distance, crazing" in inside and "RMSE, patches" in inside
    assert "real images" not in inside
    assert page.row("Fréchet") == "Fréchet inception distance 88.1 one repeat"
    assert page.row("real images") == "real images 12"
    assert page.row("Measure") == "Measure dcgan n = 1, 24 images"


def test_arms_that_are_not_pictured_are_named(make: Make, show: Show, tmp_path: Path) -> None:
    results = make(repeats=1, curves=False)
    results["pictures"] = [{"title": "a", "kind": "side-by-side", "file": "gone", "caption": ""}]
    results["unpictured"] = ["dcgan"]
    assert "Not pictured, being too many: dcgan." in show(results).text
