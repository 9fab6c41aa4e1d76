"""What is not loaded before somebody needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from neuplug_tests.light import HEAVY

MAX_MEGABYTES = 80

PROBE = """
import json, pathlib, sys
from neuplug.cli import main
code = main(json.loads(sys.argv[1]))
status = pathlib.Path("/proc/self/status")
peak = [l for l in status.read_text().splitlines() if "VmHWM" in l] if status.exists() else []
print(json.dumps({
    "code": code,
    "modules": sorted(sys.modules),
    "megabytes": int(peak[0].split()[1]) / 1000 if peak else 0,
}), file=sys.stderr)
"""


def probe(*arguments: str) -> dict:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NEUPLUG_")}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout
    return json.loads(done.stderr)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["plugins"], ["plugins", "--json"]], ids=" ".join
)
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    found = probe(*arguments)
    assert found["code"] == 0
    assert HEAVY & set(found["modules"]) == set()
    assert found["megabytes"] < MAX_MEGABYTES
    commands = {m for m in found["modules"] if m.startswith("neuplug.cli.")}
    own = {"neuplug.cli.plugins", "neuplug.cli.printing"} if "plugins" in arguments else set()
    assert commands == own


def test_importing_neuplug_loads_no_torch() -> None:
    code = "import sys, neuplug; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
