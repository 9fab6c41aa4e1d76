"""``neuplug doctor`` on machines with faults planted, and on this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug.cli import main

ROOT = Path(__file__).parents[4]
SITE = Path(__file__).parent / "site"
FAKES = ROOT / "tests" / "plugins" / "site"

Report = dict[str, Any]
Examine = Callable[..., tuple[int, Report]]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Make this machine another one: what is installed, and its environment."""
    for name in list(os.environ):
        if name.startswith("NEUPLUG_") and name != "NEUPLUG_CACHE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch-home"))
    monkeypatch.chdir(tmp_path)

    def change(*installed: Path, **environment: str) -> None:
        for folder in installed:
            monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, reversed(installed))))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return change


@pytest.fixture
def examine(machine: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Examine:
    """Run ``neuplug doctor --json`` on such a machine: exit code and report."""

    def run(*installed: Path, **environment: str) -> tuple[int, Report]:
        machine(*installed, **environment)
        capsys.readouterr()
        code = main(["doctor", "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def torch_that(folder: Path, does: str) -> Path:
    """A folder with a torch that hides the installed one."""
    (folder / "torch").mkdir(parents=True)
    (folder / "torch" / "__init__.py").write_text(f"import os, signal\n{does}\n")
    return folder


def only(*kept: str) -> str:
    """A blocklist of all plugins that are installed here, but for these."""
    installed = {p.distribution for p in neuplug.discover().components}
    return ",".join(sorted(installed - set(kept)))


def findings(report: Report, topic: str) -> dict[str, tuple[str, str]]:
    """Message to level and advice."""
    found = [f for f in report["findings"] if f["topic"] == topic]
    return {f["message"]: (f["level"], f["advice"]) for f in found}


def test_warnings_do_not_change_the_exit_code(examine: Examine, tmp_path: Path) -> None:
    weights = tmp_path / "torch-home" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"12345")
    code, report = examine(
        SITE / "unsuited",
        FAKES / "import_error",
        NEUPLUG_BLOCK=only("neuplug-resnet"),
        NEUPLUG_CAHCE="/nowhere",
    )
    assert (code, report["fine"]) == (0, True), report["findings"]
    assert {f["level"] for f in report["findings"]} == {"warning"}
    assert all(f["advice"] and "\n" not in f["advice"] for f in report["findings"])

    packages = {p["name"]: p for p in report["packages"]["packages"]}
    assert packages["torch"]["asked"]["neuplug"].startswith(">=") and packages["torch"]["fits"]
    assert packages["acme-library"] == {
        "name": "acme-library",
        "version": "3.0",
        "asked": {"acme-unsuited": ">=1,<2"},
        "fits": False,
    }
    assert "acme-unused" not in packages and "acme-extra" not in packages
    unlike = findings(report, "packages")
    asked = packages["tifffile"]["asked"]["neuplug"]
    assert unlike == {
        f"tifffile 2031.1.1 is installed, but neuplug asks for {asked}": (
            "warning",
            f"pip install 'tifffile{asked}'",
        ),
        "acme-library 3.0 is installed, but acme-unsuited asks for >=1,<2": (
            "warning",
            "pip install 'acme-library>=1,<2'",
        ),
        "acme-deeper 2.1 is installed, but acme-library asks for <2": (
            "warning",
            "pip install 'acme-deeper<2'",
        ),
    }

    (broken,) = findings(report, "plugins").items()
    assert broken[0].startswith("acme-importerror 1.0: ModuleNotFoundError")
    assert "NEUPLUG_BLOCK=acme-importerror" in broken[1][1]
    (lost,) = findings(report, "loading")
    assert lost.startswith("acme-lost of acme-unsuited 1.0 cannot be loaded")
    assert findings(report, "environment") == {
        "neuplug knows no variable NEUPLUG_CAHCE. Did you mean NEUPLUG_CACHE?": (
            "warning",
            "correct it, or unset NEUPLUG_CAHCE",
        )
    }

    options = {o["option"]: o for o in report["weights"]["options"]}
    assert report["weights"]["files"] == [{"name": weights.name, "bytes": 5}]
    found = {name: [c["found"] for c in o["choices"]] for name, o in options.items()}
    assert found == {
        "acme-still.table": [True, False],
        "resnet18.weights": [True],
        "resnet34.weights": [False],
        "resnet50.weights": [False],
    }
    assert str(weights.parent) in options["resnet34.weights"]["choices"][0]["message"]

    work = report["machine"]["work"]
    assert work["workers"] >= 0 and work["bytes"] > 1e7
    assert report["machine"]["capability"] and report["machine"]["cores"]["process"] >= 1
    places = {place["place"]: place for place in report["places"]}
    assert {places[name]["problem"] for name in ("cache", "runs", "temporary")} == {""}
    assert places["runs"]["path"] == str(tmp_path / "runs" / "compose")
    assert list(tmp_path.iterdir()) == [tmp_path / "torch-home"]  # nothing was written


def test_every_key_is_in_the_guide(examine: Examine, tmp_path: Path) -> None:
    _, report = examine(torch_that(tmp_path / "shadow", "raise ImportError"))
    guide = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    assert [key for key in report if f"| `{key}` | " not in guide] == []
    inner = [*report["machine"], *report["places"][0], *report["weights"], *report["plugins"]]
    assert [key for key in inner if f"`{key}`" not in guide] == []


def test_a_torch_that_cannot_be_imported(tmp_path: Path) -> None:
    """In a process of its own, which must not import torch either."""
    shadow = torch_that(tmp_path, "raise ImportError('libcudart.so.12: cannot open shared')")
    done = subprocess.run(
        [sys.executable, "-m", "neuplug", "doctor"],
        env={**os.environ, "PYTHONPATH": str(shadow)},
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    file = shadow / "torch" / "__init__.py"
    *_, fault, advice, last = done.stdout.splitlines()
    assert fault == (
        "fault: torch cannot be imported: ImportError: libcudart.so.12: cannot open shared "
        f"(it is taken from {file})."
    )
    assert advice == (
        f"  what to do: remove {file}, or take its folder out of PYTHONPATH: "
        "it hides the installed torch"
    )
    assert last == "1 fault would stop a run"
    assert "neuplug-dcgan" in done.stdout  # the rest has been looked at


@pytest.mark.parametrize(
    ("does", "end"),
    [
        ("os._exit(7)", "ends with exit code 7"),
        ("os.kill(os.getpid(), signal.SIGILL)", "is killed by SIGILL"),
    ],
)
def test_a_torch_that_kills_the_process(
    examine: Examine, tmp_path: Path, does: str, end: str
) -> None:
    code, report = examine(torch_that(tmp_path / "shadow", does))
    assert (code, report["fine"]) == (1, False)
    (message,) = findings(report, "loading")
    assert message.startswith(f"Python {end} when torch is imported")
    assert report["machine"]["capability"] is None


def test_where_even_looking_fails_the_rest_is_looked_at(examine: Examine, tmp_path: Path) -> None:
    shadow = torch_that(tmp_path / "shadow", "raise ImportError")
    code, report = examine(shadow, NEUPLUG_CACHE="~nobody-of-that-name/cache")
    assert code == 1 and report["places"] is None
    ((message, (level, _)),) = findings(report, "places").items()
    assert message.startswith("places could not be examined: RuntimeError") and level == "fault"
    assert report["plugins"]["distributions"]


def test_the_help_says_what_the_exit_code_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--help"]) == 0
    assert "exit code is 1" in " ".join(capsys.readouterr().out.split())
