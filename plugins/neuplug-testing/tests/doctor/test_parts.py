"""What each part of the examination finds at fault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug_testing.doctor import environment, machine, packages, places, plugins
from neuplug_testing.doctor.finding import Finding, Part
from neuplug_testing.doctor.probing import Probed, look

SITE = Path(__file__).parent / "site"
FAKES = Path(__file__).parents[4] / "tests" / "plugins" / "site"


def faults(part: Part) -> list[Finding]:
    return [found for found in part.findings if found.level == "fault"]


# Places


def test_a_cache_below_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "file" / "cache"))
    (fault,) = faults(places.look())
    assert fault.message == (
        f"the folder for the cache, {tmp_path / 'file' / 'cache'}, cannot be written: "
        f"{tmp_path / 'file'} is not a folder"
    )
    assert fault.advice == "name a folder of yours: NEUPLUG_CACHE=FOLDER"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that only reads")
def test_folders_that_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUPLUG_CACHE", "/proc/neuplug")
    monkeypatch.setenv("NEUPLUG_COMPOSE_PROJECT", "/proc/self/runs")
    cache, runs = faults(places.look())
    assert "/proc/neuplug, cannot be written: /proc: " in cache.message
    assert "--project FOLDER" in runs.advice


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root"
)
def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "cache"))
    (fault,) = faults(places.look())
    assert fault.message.endswith("Permission denied")


def test_what_is_there_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path))
    for name, size in (("store/done/ab/ab12/x", 70), ("store/unfinished/y", 20), ("data/z", 5)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(bytes(size))
    found = {place["place"]: place for place in places.look().facts}
    assert [found[n]["bytes"] for n in ("cache", "store", "unfinished", "decoded data")] == [
        *(95, 70, 20, 5)
    ]
    assert (found["cache"]["files"], found["cache"]["exists"]) == (3, True)
    assert found["cache"]["free"] > 0


def test_little_room_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LITTLE", 1e18)
    part = places.look()
    assert faults(part) == [] and len(part.findings) == 3
    assert "are free for the cache" in part.findings[0].message


# Packages


def test_what_the_core_misses_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SITE / "core"))
    part = packages.look([])
    (fault,) = faults(part)
    assert fault.message == "a-library-that-is-nowhere is not installed; neuplug asks for >=1"
    assert fault.advice == "pip install 'a-library-that-is-nowhere>=1'"
    missing = next(p for p in part.facts["packages"] if p["name"] == "a-library-that-is-nowhere")
    assert (missing["version"], missing["fits"]) == (None, False)


def test_what_a_plugin_misses_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SITE / "nowhere"))
    part = packages.look(["acme-nowhere"])
    assert faults(part) == []
    (library,) = part.findings
    assert library.message.startswith("a-library-that-is-nowhere is not installed; acme-nowhere")


def test_unreadable_metadata_of_a_plugin_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FAKES / "unreadable"))
    part = packages.look(["acme-unreadable"])
    assert "acme-unreadable" in [p["name"] for p in part.facts["packages"]]


# Plugins


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.startswith("NEUPLUG_"):
            monkeypatch.delenv(name)
    return monkeypatch


def test_under_strict_a_broken_plugin_is_a_fault(clean: pytest.MonkeyPatch) -> None:
    clean.syspath_prepend(str(FAKES / "import_error"))
    assert faults(plugins.look(neuplug.discover())) == []
    clean.setenv("NEUPLUG_STRICT", "1")
    (fault,) = faults(plugins.look(neuplug.plugins.registry.discover(strict=False)))
    assert fault.message.startswith("acme-importerror 1.0: ModuleNotFoundError")
    assert "NEUPLUG_STRICT=1" in fault.message


def test_without_a_classifier_nothing_runs(clean: pytest.MonkeyPatch) -> None:
    everything = {p.distribution for p in neuplug.discover().components}
    clean.setenv("NEUPLUG_BLOCK", ",".join([*everything, "neuplug-dcgn"]))
    found = plugins.look(neuplug.discover()).findings
    assert [(f.level, f.message.partition(",")[0]) for f in found] == [
        ("fault", "no plugin offers a classifier"),
        ("warning", "no plugin offers an augmenter or a generator"),
        ("warning", "NEUPLUG_BLOCK names neuplug-dcgn"),
    ]


# Environment


@pytest.mark.parametrize(
    ("name", "value", "level", "message"),
    [
        ("NEUPLUG_COMPOSE_REPEATS", "many", "fault", "compose.repeats = 'many'"),
        ("NEUPLUG_COMPOSE_REPEAT", "3", "fault", "Did you mean repeats?"),
        ("NEUPLUG_COMPOS_REPEATS", "3", "warning", "Did you mean NEUPLUG_COMPOSE_REPEATS?"),
        ("NEUPLUG_STRICT", "yes", "warning", "NEUPLUG_STRICT=yes has no effect"),
    ],
)
def test_variables(
    clean: pytest.MonkeyPatch, name: str, value: str, level: str, message: str
) -> None:
    clean.setenv(name, value)
    part = environment.look()
    assert part.facts[name] == value
    (found,) = part.findings
    assert found.level == level and message in found.message and found.advice


def test_good_variables_and_those_of_others(clean: pytest.MonkeyPatch) -> None:
    for name, value in {
        "NEUPLUG_COMPOSE_REPEATS": "5", "NEUPLUG_CACHE": "/x", "HF_TOKEN": "secret",
        "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "0",
    }.items():  # fmt: skip
        clean.setenv(name, value)
    part = environment.look()
    assert part.findings == []
    assert part.facts["CUDA_VISIBLE_DEVICES"] == "0" and "HF_TOKEN" not in part.facts


# Machine: hardware that is not here

GPU = {"name": "H200", "capability": "9.0", "memory": 1, "free": 1, "bf16": True, "error": ""}
BAD = {**GPU, "error": "CUDA error: no kernel image is available for execution on the device"}
NONE: dict[str, Any] = {"driver": "", "hidden": False, "built": "13.0", "reason": "", "devices": []}


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        ({}, []),
        ({"driver": "570", "devices": [GPU]}, []),
        ({"driver": "570", "devices": [BAD, GPU]}, [("fault", "cuda:0 (H200, compute cap")]),
        ({"driver": "570", "devices": [GPU, BAD]}, [("warning", "cuda:1 (H200, compute cap")]),
        ({"driver": "570", "built": None}, [("warning", "there is an NVIDIA driver, but this")]),
        ({"driver": "470", "reason": "too old"}, [("warning", "there is an NVIDIA driver, but t")]),
        ({"driver": "570", "hidden": True}, [("warning", "CUDA_VISIBLE_DEVICES hides every")]),
        ({"hidden": True, "built": None}, []),
    ],
)
def test_gpus(gpu: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    part = Part("machine", {"gpu": {**NONE, **gpu}})
    machine.judge_gpu(part)
    assert len(part.findings) == len(expected)
    for finding, (level, message) in zip(part.findings, expected, strict=True):
        assert finding.level == level and finding.message.startswith(message) and finding.advice


@pytest.mark.parametrize(
    ("workers", "quota", "free", "advice"),
    [
        (8, None, 8e9, None),
        (8, 2.0, 8e9, "--workers 2"),
        (8, 0.5, 8e9, "--workers 1"),
        (8, 8.0, 2e9, "--workers 4"),
        (0, 0.5, 1e6, None),
        (None, None, None, None),
    ],
)
def test_shares(
    workers: int | None, quota: float | None, free: float | None, advice: str | None
) -> None:
    facts = {
        "work": {"workers": workers, "bytes": 5e8},
        "cores": {"container": quota},
        "memory": {"free": free},
    }
    part = Part("machine", facts)
    machine.judge_share(part)
    assert [f.advice.partition(",")[0] for f in part.findings] == ([advice] if advice else [])
    assert all(f.level == "warning" for f in part.findings)


# Loading: how the other process may end

SAID = '{"step": "origin"}\n{"step": "origin", "found": {}}\n{"step": "torch"}\n{"st'
LOADED = "".join(f'{{"step": "{s}", "found": {{}}}}\n' for s in ("origin", "torch", "gpu", "run"))


@pytest.mark.parametrize(
    ("output", "end", "level", "message"),
    [
        (SAID, "does not finish within 300 s", "fault", "when torch is imported"),
        ("", "ends with exit code 1 (x)", "fault", "could not be tested: Python ends with"),
        ('{"step": "gpu"}\n', "is killed by SIGSEGV", "fault", "when the GPU is asked"),
        (
            '{"step": "run", "error": "ImportError: no scipy"}\n', "", "fault",
            "neuplug cannot be loaded: ImportError: no scipy",
        ),
        (
            LOADED + '{"step": "component acme-x:dim"}\n', "is killed by SIGSEGV", "warning",
            "when acme-x:dim is loaded; components after it",
        ),
        (
            LOADED + '{"step": "component acme-x:dim", "error": "no libGL.so.1"}\n', "",
            "warning", "no libGL.so.1",
        ),
        (LOADED, "is killed by SIGSEGV", "warning", "exits after loading everything"),
    ],
)  # fmt: skip
def test_ends(output: str, end: str, level: str, message: str) -> None:
    probed = Probed(end=end)
    probed.hear(output)
    (found,) = look(probed).findings
    assert found.level == level and message in found.message and found.advice


def test_a_good_end() -> None:
    probed = Probed()
    probed.hear(LOADED)
    assert look(probed).findings == []
