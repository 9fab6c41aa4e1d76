"""What the command loads, and whether it looks anything up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = {
    *("torch", "torchvision", "numpy", "scipy", "sklearn", "pandas", "matplotlib", "PIL", "cv2"),
    *("albumentations", "tifffile", "safetensors", "jinja2", "pydantic", "yaml"),
}
"""Packages that nothing loads before somebody needs them."""

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


def answer_twice(folder: Path, words: str) -> None:
    """The command answers twice and looks nothing up; the second time it loads no torch.

    Args:
        folder: The working folder.
        words: They end with a number of workers.
    """
    (folder / "sitecustomize.py").write_text(WATCH)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        "NETWORK_LOG": str(folder / "network.log"),
        "MODULES_LOG": str(folder / "modules.log"),
    }
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "neuplug", *words.split()],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "report" in done.stdout
        assert done.stderr == ""  # no plugin and no library prints anything
    assert not (folder / "network.log").exists()
    commands = [line for line in (folder / "modules.log").read_text().splitlines() if "2 " in line]
    assert commands[0].endswith("True") and commands[-1].endswith("False")
