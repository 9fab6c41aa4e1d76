"""A default run looks nothing up, and the second one loads no torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WATCH = """
import atexit, os, socket, sys

def refuse(self, address, *rest):
    if self.family != socket.AF_UNIX:
        with open(os.environ["NETWORK_LOG"], "a") as file:
            file.write(f"connect {address}\\n")
        raise OSError("the network is off")

def refuse_name(host, *rest, **named):
    with open(os.environ["NETWORK_LOG"], "a") as file:
        file.write(f"look up {host}\\n")
    raise OSError("the network is off")

socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse_name

@atexit.register
def say():
    with open(os.environ["MODULES_LOG"], "a") as file:
        file.write(f"{sys.argv[-1]} {'torch' in sys.modules}\\n")
"""


def test_no_network_and_no_torch_for_an_answer_that_is_there(
    own_store: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "NETWORK_LOG": str(tmp_path / "network.log"),
        "MODULES_LOG": str(tmp_path / "modules.log"),
    }
    words = "compose --aug dcgan --aug classical --clf smallcnn".split()
    words += "--imgsz 32 --per-class 4 --repeats 1 --steps 2 --set dcgan.steps=2".split()
    words += "--set dcgan.ngf=4 --classes crazing,patches --quiet --workers 2".split()
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "neuplug", *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "report" in done.stdout
        assert done.stderr == ""  # no plugin and no library prints anything
    assert not (tmp_path / "network.log").exists()
    commands = [
        line for line in (tmp_path / "modules.log").read_text().splitlines() if "2 " in line
    ]
    assert commands[0].endswith("True") and commands[-1].endswith("False")
