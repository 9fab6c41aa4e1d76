"""Claims and leftovers belong to processes, however those end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from neuplug.storage.files import Claim, is_unfinished
from neuplug.storage.store import Store

OTHER_PROCESS = """
import sys, time
from pathlib import Path
from neuplug.storage.files import Claim
from neuplug.storage.store import Store
store = Store(Path(sys.argv[1]))
claim = store.claim("ab12")
with store.write("ab12") as folder:
    (folder / "half").write_text("x")
    store.checkpoint("cd").save({"step": 1})
    print("ready", flush=True)
    time.sleep(600)
"""


def other_process(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if is_unfinished(path)]


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    process = other_process(tmp_path)
    store = Store(tmp_path)
    try:
        assert store.claim("ab12") is None  # which sweeps, too
        assert Claim.is_held(tmp_path / "claims" / "ab12")
        assert leftovers(tmp_path)
    finally:
        process.kill()
        process.wait()
    assert not Claim.is_held(tmp_path / "claims" / "ab12")
    again = Store(tmp_path)
    with again.write("ef") as folder:
        (folder / "x").touch()
    assert not leftovers(tmp_path)
    claim = again.claim("ab12")
    assert claim is not None
    assert again.checkpoint("cd").load() == {"step": 1}  # finished work stays
    claim.release()
    assert not list((tmp_path / "claims").iterdir())


def test_of_many_threads_one_gets_it(tmp_path: Path) -> None:
    got: list[Claim] = []
    barrier = threading.Barrier(8)

    def take() -> None:
        barrier.wait()
        if (claim := Claim.take(tmp_path / "claim")) is not None:
            got.append(claim)

    for _ in range(20):
        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (claim,) = got
        claim.release()
        got.clear()


def test_something_else_in_a_claims_place_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "claim").write_text("a file")
    assert Claim.take(tmp_path / "claim") is not None


def test_a_folder_in_a_claims_place_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "claim" / "inside").mkdir(parents=True)
    assert Claim.take(tmp_path / "claim") is not None


CONTENDER = """
import random, sys, threading, time
from pathlib import Path
from neuplug.storage.files import Claim
claimed, witness, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def contend():
    had = 0
    while had < rounds:
        if (claim := Claim.take(claimed)) is None:
            time.sleep(random.random() / 500)
            continue
        with claim:
            witness.mkdir()  # fails if anybody else is inside
            time.sleep(random.random() / 500)
            witness.rmdir()
        had += 1
def safely():
    try:
        contend()
    except BaseException as error:
        print(repr(error), flush=True)
        raise
threads = [threading.Thread(target=safely) for _ in range(8)]
for thread in threads:
    thread.start()
print("ready", flush=True)
for thread in threads:
    thread.join()
"""


def test_never_two_inside(tmp_path: Path) -> None:
    """Threads of several processes, some of which are killed."""
    claimed, witness = tmp_path / "claim", tmp_path / "inside"

    def contender(rounds: int) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", CONTENDER, str(claimed), str(witness), str(rounds)]
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    lasting = [contender(15) for _ in range(4)]
    for process in lasting:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for _ in range(2):
        killed = contender(10**9)
        assert killed.stdout is not None and killed.stdout.readline() == "ready\n"
        time.sleep(0.3)
        # while nobody is inside, whom the witness would outlive
        with Claim.wait(claimed):
            killed.kill()
            killed.wait()
    for process in lasting:
        said, _ = process.communicate()
        assert process.returncode == 0 and said == ""
    assert not list(tmp_path.iterdir())


def test_a_forked_child_has_no_claim_of_its_parent(tmp_path: Path) -> None:
    claim = Claim.take(tmp_path / "claim")
    assert claim is not None
    if not (child := os.fork()):
        claim.release()
        os._exit(0 if Claim.take(tmp_path / "claim") is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    if not (lasting := os.fork()):
        time.sleep(600)
    claim.release()
    again = Claim.take(tmp_path / "claim")  # though the child lives
    os.kill(lasting, 9)
    os.waitpid(lasting, 0)
    assert again is not None
