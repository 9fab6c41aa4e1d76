"""``neuplug plugins``, with fake distributions installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neuplug.cli import main

SITE = Path(__file__).parents[1] / "plugins" / "site"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``neuplug plugins`` with some fakes installed: exit code, output, error."""

    def command(*arguments: str, site: tuple[str, ...] = ("good",)) -> tuple[int, str, str]:
        for folder in site:
            monkeypatch.syspath_prepend(str(SITE / folder))
        capsys.readouterr()
        code = main(["plugins", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def lines_with(text: str, output: str) -> list[list[str]]:
    return [line.split() for line in output.splitlines() if text in line]


def test_list(run: Run) -> None:
    code, output, error = run()
    assert (code, error) == (0, "")
    assert lines_with("acme-dim", output) == [["acme-dim", "darker", "acme-good", "1.0"]]
    headings = ("augmenters", "generators", "classifiers", "evaluators")
    places = [output.index(heading) for heading in headings]
    assert places == sorted(places)
    assert places[0] < output.index("acme-dim") < places[1] < output.index("acme-mean") < places[2]


def test_list_says_what_is_a_mixer(run: Run) -> None:
    code, output, _ = run(site=("good", "mixers"))
    assert code == 0
    places = [output.index(f"\n{heading}") for heading in ("mixers", "generators")]
    assert output.index("acme-mild") < places[0] < output.index("acme-swirl") < places[1]
    _, output, _ = run("--json", site=("good", "mixers"))
    kinds = {found["name"]: found["kind"] for found in json.loads(output)["components"]}
    assert (kinds["acme-mild"], kinds["acme-swirl"]) == ("augmenter", "mixer")


def test_list_shows_problems_after_the_components(run: Run) -> None:
    code, output, _ = run(site=("good", "import_error", "wrong_core", "raising_hook"))
    assert code == 0
    components, _, problems = output.partition("problems")
    assert "acme-dim" in components
    assert "acme-survivor" in components
    for line in (
        "acme-importerror 1.0",
        "No module named 'a_module_that_is_nowhere'",
        "acme-future 1.0",
        "requires neuplug >=99",
        "acme-raising 1.0",
        "out of luck",
    ):
        assert line in problems


def test_list_names_the_distribution_where_a_name_is_offered_twice(run: Run) -> None:
    _, output, _ = run(site=("good", "first", "second"))
    assert lines_with("acme-first:acme-twin", output)
    assert lines_with("Acme-Second:acme-twin", output)
    assert lines_with("acme-good:acme-dim", output) == []


def test_list_as_json(run: Run) -> None:
    code, output, _ = run("--json", site=("good", "import_error"))
    assert code == 0
    listing = json.loads(output)
    assert {
        "name": "acme-dim",
        "kind": "augmenter",
        "summary": "darker",
        "target": "acme_good_parts:Dim",
        "distribution": "acme-good",
        "version": "1.0",
    } in listing["components"]
    (problem,) = [p for p in listing["problems"] if p["distribution"] == "acme-importerror"]
    assert problem["version"] == "1.0"
    assert "a_module_that_is_nowhere" in problem["message"]


def test_strict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUPLUG_STRICT", "1")
    code, output, error = run(site=("import_error",))
    assert (code, output) == (1, "")
    assert error.startswith("neuplug: error: acme-importerror 1.0: ModuleNotFoundError")


STAYS = """
import atexit, sys, threading
threading.Thread(target=threading.Event().wait).start()
atexit.register(print, "behind the JSON")
atexit.register(sys.__stderr__.flush)
atexit.register(lambda: sys.stderr.write("\\x1b[2Jneuplug: error: forged\\n"))
"""


def test_what_a_plugin_leaves_behind_neither_prints_nor_stays(tmp_path: Path) -> None:
    info = tmp_path / "acme_stays-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-stays\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[neuplug]\nplugin = acme_stays\n")
    (tmp_path / "acme_stays.py").write_text(STAYS)
    done = subprocess.run(
        [sys.executable, "-m", "neuplug", "plugins", "--json"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "acme-stays" in done.stdout
    assert json.loads(done.stdout)["problems"]
    assert "printed: behind the JSON\n" in done.stderr
    assert "printed: \\x1b[2Jneuplug: error: forged\n" in done.stderr and "\x1b" not in done.stderr
