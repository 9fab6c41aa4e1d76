"""How long neuplug takes to say something, beside an empty Typer application.

    python tests/benchmarks/startup.py

The commands run in turn, so that a busy machine slows all of them; medians of processor time are
compared. Ends with 1 where ``neuplug --help`` or ``neuplug plugins`` takes more than 1.15 times as
much as the empty application's ``--help``, or needs 80 MB or more.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections import defaultdict

ROUNDS = 15
MAX_MEGABYTES = 80
EMPTY = "empty Typer --help"

EMPTY_APP = """
import typer
app = typer.Typer(add_completion=False)
@app.command()
def main() -> None: ...
app()
"""
OURS = "import sys; from neuplug.cli import main; sys.exit(main())"

COMMANDS = {
    EMPTY: [sys.executable, "-c", EMPTY_APP, "--help"],
    "neuplug --help": [sys.executable, "-c", OURS, "--help"],
    "neuplug plugins": [sys.executable, "-c", OURS, "plugins"],
}
MAX_RATIO = 1.15


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds of processor time, and the largest resident size in megabytes."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait again
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit


def main() -> int:
    """Measure, print a table, and return the exit code."""
    seconds, megabytes = defaultdict(list), defaultdict(list)
    for round_number in range(ROUNDS + 1):
        for name, command in COMMANDS.items():
            taken, size = measure(command)
            if round_number:  # the first round fills the file cache and writes bytecode
                seconds[name].append(taken)
                megabytes[name].append(size)

    missed = False
    empty = statistics.median(seconds[EMPTY])
    print(f"{'command':20} {'median s':>9} {'min s':>7} {'ratio':>6} {'MB':>5}   ({ROUNDS} rounds)")
    for name in COMMANDS:
        median = statistics.median(seconds[name])
        ratio, size = median / empty, max(megabytes[name])
        verdict = ""
        if name != EMPTY:
            held = ratio <= MAX_RATIO and size < MAX_MEGABYTES
            verdict = f"{'held' if held else 'MISSED'}: {MAX_RATIO} and {MAX_MEGABYTES} MB"
            missed |= not held
        shortest = min(seconds[name])
        print(f"{name:20} {median:9.3f} {shortest:7.3f} {ratio:6.2f} {size:5.0f}   {verdict}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
