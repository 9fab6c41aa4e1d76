"""What the packages of this repository do not load before somebody needs it."""

from __future__ import annotations

import subprocess
import sys

from neuplug_tests.environments import ROOT
from neuplug_tests.light import HEAVY


def test_nothing_in_a_plugin_s_init_is_heavy() -> None:
    packages = sorted((ROOT / "plugins").glob("*/neuplug_*/__init__.py"))
    assert packages
    names = [path.parent.name for path in packages]
    code = f"import sys, {', '.join(names)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
