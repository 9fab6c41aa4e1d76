"""A data set of somebody who means harm: its names, from the folder to the report."""

from __future__ import annotations

import csv
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from neuplug_tests.pages import attacks
from PIL import Image

import neuplug
from neuplug.cli import main
from neuplug.text import unguarded

FORGED = "neuplug: error: all is lost"
CLASSES = [
    "\x1b[31mred\x1b[0m", f"a\r{FORGED}", f"a\n{FORGED}", "\u202egnp.stac",
    "zero\u200bwidth", "zerowidth", "\x9b31mred", "line\u2028break",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onload='alert(1)",
    "{{7*7}}", "a/b", "a_b", "A_B", "..", "../../up", "con", "NUL.txt", "-rf", "=1+1", "-1+1|x",
    "'=1", "caf\u00e9", "CAFE\u0301", "\u00fc" * 127, "x" * 250, "$x^2$", "[b]bold[/b]",
    "\U0001f525", "\\", "a,b", 'say "no"', "tab\there",
]  # fmt: skip
# More of them as names of files, where there is no slash
MORE = [
    "\x1b]0;title\x07", "\u2066isolate\u2069", "</style>", "<svg onload=alert(1)>", "javascript:x",
    "{% raw %}", "aux.", "--fresh", "+1+1", "@SUM(1)", ":smile:", "\u732b", "%s%n", "~", "*?",
    "\x7f", "\ud55c", "\u0301", "\ufeff", "x\u3000", "x\xa0", "\xad", "`id`", "$(id)", ";id",
    "&amp;", "\U000e0041", "\ue000", "\u2060", "\u180e", "\x1b", "nul", "com1",
]  # fmt: skip
FILES = [name for name in [*CLASSES, *MORE] if "/" not in name and len(name) < 60]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four images of each class in a CSV file; some of them under hostile names of their own."""
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(0)
    with (folder / "set.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        for number in range(4 * len(CLASSES)):
            name = FILES[number] if number < len(FILES) else str(number)
            name = f"{name}.png"
            pixels = rng.integers(0, 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name, format="PNG")
            rows.writerow([name, CLASSES[number % len(CLASSES)]])
    return folder / "set.csv"


def lines_of(text: str) -> list[str]:
    """The lines of what was printed, none of which moves a cursor or is forged."""
    lines = text.split("\n")
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if line.startswith(FORGED)] == []
    return lines


def test_a_hundred_hostile_names_do_no_harm(
    manifest: Path, tmp_path: Path, own_store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(CLASSES) + len(FILES) >= 100 - len(CLASSES)
    assert main(["data", "show", str(manifest), "--imgsz", "16"]) == 0
    shown = capfd.readouterr()
    assert len(lines_of(shown.out)) > len(CLASSES) and lines_of(shown.err)
    assert r"\x1b[31mred" in shown.out and r"\u202egnp.stac" in shown.out

    outside = {path for path in tmp_path.rglob("*")}
    words = ["compose", str(manifest), "--aug", "=\x1b/x: flip@add=1"]
    words += ["--clf", "smallcnn", "--per-class", "2", "--imgsz", "16", "--steps", "1"]
    words += ["--repeats", "1", "--workers", "0", "--save-generated", "--name", "run"]
    words += ["--project", str(tmp_path / "runs")]
    assert main(words) == 0, capfd.readouterr().err
    printed = capfd.readouterr()
    assert lines_of(printed.out) and lines_of(printed.err)
    run = tmp_path / "runs" / "run"
    made = {p for p in tmp_path.rglob("*") if p not in outside and not p.is_relative_to(own_store)}
    assert all(p == run.parent or p.is_relative_to(run) for p in made)

    for name in ("log.txt", "manifest.csv", "predictions.csv", "results.csv", "config.yaml"):
        lines_of((run / name).read_text("utf-8"))
    for table in run.rglob("*.csv"):
        with table.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert [c for c in cells if c.startswith(("=", "+", "-", "@", "\t", "\r"))] == []

    source = (run / "report.html").read_text("utf-8")
    assert attacks(source) == []
    assert [c for c in source if not c.isprintable() and c not in "\n\N{NO-BREAK SPACE}"] == []
    assert "&lt;script&gt;alert(1)" in source

    generated = run / "generated"
    with (generated / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    on_disk = [unicodedata.normalize("NFD", row["path"].casefold()) for row in rows]
    assert len(set(on_disk)) == len(rows) == len(CLASSES)
    places = {(row["arm"], row["label"]): str(Path(row["path"]).parent) for row in rows}
    assert len(set(places.values())) == len(places) == len(CLASSES)
    for path in run.rglob("*"):
        assert path.name.isprintable() and len(path.name.encode()) <= 80
        assert not path.name.startswith("-") and not path.name.endswith((" ", "."))
        assert path.name.partition(".")[0].lower() not in ("con", "nul", "aux", "prn")
    again = neuplug.load_dataset(generated / "manifest.csv")
    assert set(again.images.classes) == {
        neuplug.printable(unicodedata.normalize("NFC", unguarded(name))).strip() for name in CLASSES
    }


def test_the_check_of_pages_finds_what_runs() -> None:
    for planted in (
        "<script>alert(1)</script>", '<img src="data:image/png;base64," onerror="alert(1)">',
        "<iframe></iframe>", '<a href="javascript:alert(1)">x</a>', '<img src="http://x/y.png">',
        "<svg onload=alert(1)></svg>", '<p style="background: url(http://x)">', "<base href=//x>",
        '<meta http-equiv="refresh" content="0">', "<svg><use href='http://x'/></svg>",
    ):  # fmt: skip
        assert attacks(f"<!doctype html><p>before</p>{planted}"), planted
    assert attacks('<p class="x">1 &lt; 2</p><img src="data:image/png;base64,AA==">') == []


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for label in (b"ok", b"\xff\x1b[31m"):
        folder = Path(os.fsdecode(os.fsencode(tmp_path / "set") + b"/" + label))
        folder.mkdir(parents=True)
        for number in range(3):
            Image.effect_noise((16, 16), 60).save(folder / f"{number}.png")
    main(["data", "show", str(tmp_path / "set"), "--imgsz", "16"])
    printed = capfd.readouterr()
    said = lines_of(printed.out) + lines_of(printed.err)
    assert any("\\x1b[31m" in line for line in said)
