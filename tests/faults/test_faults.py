"""Whatever is killed, damaged or full: the same command goes on, and its results are the same.

Each file that a run keeps may be hit: results in the store, decoded images, checkpoints, the run's
folder. Of each fault it is counted whether it was detected (and the file made anew) or inert
(nothing has read the file since). ``NEUPLUG_FAULTS=5`` plants five times as many:
``NEUPLUG_FAULTS=5 uv run pytest -m "slow or not slow" tests/faults -s``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from neuplug.storage.files import is_unfinished

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

LAB = Path(__file__).parents[1] / "experiment" / "site"
SETTINGS: dict[str, Any] = {
    "aug": ["jitter@add=3", "invert+jitter@add=2,filter=agreement:0", "invert"],
    "clf": ["linear"],
    "eval": ["brightness", "confidence"],
    "per_class": 6,
    "repeats": 2,
    "report": False,
    "training": {"steps": 3, "batch": 4},
}
TRAINED: dict[str, Any] = {
    **SETTINGS,
    "aug": ["dcgan@add=4"],
    "clf": ["smallcnn"],
    "repeats": 1,
    "options": {"dcgan": {"steps": 6}},
}
"""A generator and a network that are really trained, if only for some steps."""

TIMES = int(os.environ.get("NEUPLUG_FAULTS", "1"))
VOLATILE = ("seconds", "latency_ms")


class Lab:
    """Runs in forks of one process, with a cache and run folders of their own."""

    def __init__(self, home: Path, process: subprocess.Popen[str]) -> None:
        self.home, self.log, self.process = home, home / "output.txt", process
        self.cache, self.project = home / "cache", home / "runs"

    def __call__(
        self,
        *runs: dict[str, Any],
        after: float | None = None,
        sig: int = signal.SIGKILL,
        **environment: str,
    ) -> list[int]:
        """Exit codes of runs that begin at the same time."""
        assert self.process.stdin is not None and self.process.stdout is not None
        here = {"project": str(self.project), "name": "run"}
        asked = {
            "runs": [{**here, **run} for run in runs],
            "log": str(self.log),
            "after": after,
            "signal": int(sig),
            "environment": {"NEUPLUG_CACHE": str(self.cache), **environment},
        }
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        codes: list[int] = json.loads(self.process.stdout.readline())
        return codes

    def output(self) -> str:
        """What the runs have printed since the last time."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return text

    def files(self) -> list[Path]:
        """Everything that is kept."""
        return sorted(
            path
            for root in (self.cache, self.project)
            for path in root.rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in path.parts[-3:])
        )


@pytest.fixture(scope="module")
def zygote() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(LAB), "OMP_NUM_THREADS": "1"},
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def lab(tmp_path: Path, zygote: subprocess.Popen[str]) -> Lab:
    return Lab(tmp_path, zygote)


def outcome(folder: Path) -> Any:
    """All that a run has found, without times."""
    found = json.loads((folder / "results.json").read_text("utf-8"))
    rows = list(csv.reader((folder / "results.csv").open(encoding="utf-8")))
    times = rows[0].index("seconds")
    kept = ("comparisons", "summary", "evaluations", "provenance", "filtered", "warnings")
    return (
        [found[name] for name in kept if name in found],
        [[cell for i, cell in enumerate(row) if i != times] for row in rows],
        (folder / "manifest.csv").read_text("utf-8"),
    )


def baseline(lab: Lab, settings: dict[str, Any]) -> Any:
    assert lab({**settings, "name": "undisturbed"}) == [0], lab.output()
    return outcome(lab.project / "undisturbed")


# Damage --------------------------------------------------------------------------------------


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])


def empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def delete(path: Path, rng: random.Random) -> None:
    path.unlink()


def replace_by_folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def replace_by_noise(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(path.stat().st_size or 7))


def replace_by_another(path: Path, rng: random.Random) -> None:
    others = [p for p in path.parent.parent.rglob(path.name) if p.is_file() and p != path]
    if others:
        shutil.copyfile(rng.choice(others), path)


def delete_folder(path: Path, rng: random.Random) -> None:
    shutil.rmtree(path.parent)


def copy_folder(path: Path, rng: random.Random) -> None:
    others = [p for p in path.parent.parent.parent.glob("*/*") if p.is_dir() and p != path.parent]
    if others and path.parent.parent.name != "runs":
        shutil.rmtree(path.parent)
        shutil.copytree(rng.choice(others), path.parent, dirs_exist_ok=True)


DAMAGES = [
    flip, flip, flip, truncate, empty, delete, replace_by_folder, replace_by_noise,
    replace_by_another, delete_folder, copy_folder,
]  # fmt: skip


def digest(path: Path) -> str:
    """What is at a path now."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return "folder" if path.is_dir() else "nothing"


SLOW = pytest.mark.slow
INSTALLED = pytest.mark.skipif(
    not all(map(find_spec, ("neuplug_dcgan", "neuplug_smallcnn"))),
    reason="neuplug-dcgan and neuplug-smallcnn, which are trained, are not installed",
)


@pytest.mark.parametrize(
    ("settings", "rounds"),
    [
        (SETTINGS, 4),
        pytest.param(SETTINGS, 40 * TIMES, marks=SLOW),
        pytest.param(TRAINED, 5 * TIMES, marks=[SLOW, INSTALLED]),
    ],
)
def test_damaged_files(lab: Lab, settings: dict[str, Any], rounds: int) -> None:
    rng, counts = random.Random(rounds), Counter[str]()
    expected = baseline(lab, settings)
    for number in range(rounds):
        hit = {}
        for _ in range(8):
            path = rng.choice(lab.files())
            before = digest(path)
            rng.choice(DAMAGES)(path, rng)
            if (now := digest(path)) != before:
                hit[path] = (before, now)
        if number % 3 != 2:  # else it may be answered from the folder
            shutil.rmtree(lab.project / "run", ignore_errors=True)
        assert lab(settings) == [0], lab.output()
        output = lab.output()
        assert "Traceback" not in output and "plugins check" not in output, output
        assert outcome(lab.project / "run") == expected, (number, hit, output)
        for path, (before, now) in hit.items():
            found = digest(path)
            counts["inert" if found == now and found != before else "detected"] += 1
    print(f"damaged files: {sum(counts.values())} faults, {dict(counts)}")
    assert counts["detected"] > 2 * rounds


@pytest.mark.parametrize(
    ("settings", "kills", "sig"),
    [
        (SETTINGS, 3, signal.SIGKILL),
        pytest.param(SETTINGS, 15 * TIMES, signal.SIGKILL, marks=SLOW),
        pytest.param(TRAINED, 10 * TIMES, signal.SIGKILL, marks=[SLOW, INSTALLED]),
        pytest.param(SETTINGS, 4 * TIMES, signal.SIGTERM, marks=SLOW),
    ],
)
def test_kills_at_random_moments(
    lab: Lab, settings: dict[str, Any], kills: int, sig: signal.Signals
) -> None:
    rng = random.Random(kills)
    expected = baseline(lab, settings)
    shutil.rmtree(lab.cache)
    began = time.monotonic()
    assert lab(settings) == [0]
    whole = time.monotonic() - began
    done = hits = 0
    while hits < kills and done < 3 * kills:
        done += 1
        if rng.random() < 0.3:  # or else nothing would be left to do
            shutil.rmtree(lab.project / "run", ignore_errors=True)
            shutil.rmtree(lab.cache / rng.choice(["store/done", "data", "store"]), True)
        codes = lab(settings, after=rng.uniform(0, whole), sig=sig)
        hits += codes[0] != 0
    shutil.rmtree(lab.project / "run", ignore_errors=True)
    assert lab(settings) == [0], lab.output()
    assert "Traceback" not in lab.output()
    assert outcome(lab.project / "run") == expected
    places = (*lab.cache.rglob("*"), *lab.project.rglob("*"))
    assert not [path for path in places if is_unfinished(path)]
    print(f"{hits} of {done} runs were killed by {sig.name}")


@pytest.mark.parametrize("times", [1, pytest.param(2 * TIMES, marks=SLOW)])
def test_many_at_once(lab: Lab, times: int) -> None:
    """Processes and threads that ask the same, or share a store, neither disturb each other."""
    expected = baseline(lab, SETTINGS)
    for _ in range(times):
        shutil.rmtree(lab.cache, ignore_errors=True)
        shutil.rmtree(lab.project, ignore_errors=True)
        same = lab(SETTINGS, SETTINGS, {**SETTINGS, "name": "beside"})
        assert same == [0, 0, 0], lab.output()
        assert "Traceback" not in lab.output()
        for name in ("run", "beside"):
            assert outcome(lab.project / name) == expected


def test_threads_of_one_process(lab: Lab) -> None:
    expected = baseline(lab, SETTINGS)
    shutil.rmtree(lab.cache)
    assert lab({**SETTINGS, "threads": 3}) == [0], lab.output()
    assert "Traceback" not in lab.output()
    assert outcome(lab.project / "run") == expected


def test_another_question_for_the_same_folder(lab: Lab) -> None:
    other = {**SETTINGS, "seed": 5, "training": {"steps": 400, "batch": 8}}
    for _ in range(TIMES):
        shutil.rmtree(lab.project, ignore_errors=True)
        codes = lab(other, {**SETTINGS, "training": {"steps": 401, "batch": 8}})
        assert sorted(codes) == [0, 1]
        assert "choose another --name" in lab.output()


def compose_command(home: Path) -> str:
    """A run of the command in ``home``, for a shell."""
    return f"""
export NEUPLUG_CACHE={home}/cache PYTHONPATH={LAB} OMP_NUM_THREADS=1
run() {{ $1 {sys.executable} -m neuplug compose --project {home}/runs --name run --aug jitter \\
  --add 40 --clf linear --per-class 20 --imgsz 32 --repeats 2 --steps 3 --no-report --workers 1 \\
  --quiet; echo "$2: $?"; }}
"""


def on_a_disk_of_its_own(home: Path, size: str, script: str) -> str:
    """What a shell says with a small disk at ``home``."""
    mounting = f"set -e; mount -t tmpfs -o size={size} none {home}; set +e; echo mounted"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounting + compose_command(home) + script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if "mounted" not in said:
        pytest.skip(f"no small disk can be mounted here: {said.strip()}")
    assert "Traceback" not in said and "plugins check" not in said, said
    return said


@SLOW
def test_a_full_disk(tmp_path: Path) -> None:
    """A sentence that names it, no plugin blamed, and it goes on."""
    said = on_a_disk_of_its_own(
        tmp_path, "900k", f'run "" first; mount -o remount,size=60m {tmp_path}; run "" second'
    )
    assert "first: 2" in said and "second: 0" in said, said
    assert "cannot be written: the disk is full" in said and str(tmp_path) in said


@SLOW
def test_a_read_only_disk(tmp_path: Path) -> None:
    """What is done is answered from the folder; what is not is refused with a sentence."""
    said = on_a_disk_of_its_own(
        tmp_path,
        "60m",
        f"""
mount -o remount,ro {tmp_path}; run "" nothing
mount -o remount,rw {tmp_path}; run "" whole
mount -o remount,ro {tmp_path}; run "" again
mount -o remount,rw {tmp_path}; rm -r {tmp_path}/runs; mount -o remount,ro {tmp_path}; run "" stored
mount -o remount,rw {tmp_path}; run "" last
""",
    )
    codes = dict(re.findall("^([a-z]+): ([0-9]+)$", said, re.MULTILINE))
    assert codes == {"nothing": "2", "whole": "0", "again": "0", "stored": "2", "last": "0"}, said
    assert said.count("the disk is read-only") == 2 and f"{tmp_path}/runs" in said


@SLOW
@pytest.mark.parametrize("place", ["cache", "cache/store", "runs"])
def test_no_permission(tmp_path: Path, place: str) -> None:
    """Folders that another user has made: a sentence with the folder, and it goes on later."""
    for name in ("cache/store", "runs"):
        (tmp_path / name).mkdir(parents=True)
    # root may write everywhere unless it gives that up
    powers = "-dac_override,-dac_read_search,-fowner"
    drop = f"setpriv --bounding-set {powers} --inh-caps {powers}" if os.geteuid() == 0 else ""
    folder = tmp_path / place
    script = f"""
chmod 555 {folder}; run "{drop}" first; chmod 755 {folder}; run "{drop}" second
"""
    done = subprocess.run(
        ["sh", "-c", compose_command(tmp_path) + script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "first: 2" in said and "second: 0" in said, said
    assert "permission is denied" in said and str(folder) in said
    assert "Traceback" not in said and "plugins check" not in said, said
