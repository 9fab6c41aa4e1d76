"""Claims and leftovers belong to processes, however those end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from neuplug.storage import owners
from neuplug.storage.claims import Claim, holder
from neuplug.storage.store import Store

OTHER_PROCESS = """
import sys, time
from pathlib import Path
from neuplug.storage.claims import Claim
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
    return [p for p in root.rglob(".*") if p.name != ".owners"]


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    process = other_process(tmp_path)
    store = Store(tmp_path)
    try:
        assert store.claim("ab12") is None  # which sweeps, too
        assert str(process.pid) in holder(tmp_path / "claims" / "ab12")
        assert leftovers(tmp_path)
    finally:
        process.kill()
        process.wait()
    again = Store(tmp_path)
    with again.write("ef") as folder:
        (folder / "x").touch()
    assert not leftovers(tmp_path)
    claim = again.claim("ab12")
    assert claim is not None
    assert again.checkpoint("cd").load() == {"step": 1}  # finished work stays
    claim.release()
    assert not list((tmp_path / "claims").iterdir())


def test_a_process_number_says_nothing(tmp_path: Path) -> None:
    """Its number may be used again, or be of another host."""
    claim = Claim.take(tmp_path / "claim")
    assert claim is not None
    signature = tmp_path / "claim" / "owner.json"
    about = json.loads(signature.read_text())
    foreign = {**about, "id": "0" * 32, "host": "another-host"}
    signature.write_text(json.dumps(foreign))
    assert owners.is_alive(signature)  # it has just been touched
    long_ago = time.time() - 2 * owners.STALE_SECONDS
    os.utime(signature, (long_ago, long_ago))
    assert not owners.is_alive(signature)
    gone = {**about, "id": uuid.uuid4().hex, "pid": os.getpid()}
    mark = Path(tempfile.gettempdir()) / f"neuplug-{os.getuid()}" / gone["id"]
    mark.touch()  # not locked by anybody
    signature.write_text(json.dumps(gone))
    assert not owners.is_alive(signature)
    assert Claim.take(tmp_path / "claim") is not None
    mark.unlink()


def test_a_signature_of_others_opens_no_file(tmp_path: Path) -> None:
    """It may come with a folder from anywhere; a pipe would make the reader wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    signature = tmp_path / "owner.json"
    for name in (str(tmp_path / "pipe"), "../../" + str(tmp_path / "pipe"), "", None, [1]):
        about = {"id": name, "host": socket.gethostname(), "pid": 1, "mark": str(tmp_path / "pipe")}
        signature.write_text(json.dumps(about))
        owners.is_alive(signature)
