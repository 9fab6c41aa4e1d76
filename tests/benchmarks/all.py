"""Every benchmark in turn, as for docs/results/speed.md: some twenty minutes on two cores.

    python tests/benchmarks/all.py [--data ../shared/data]

Each prints ratios of ours to a peer that is measured in turn with it, so that a busy machine slows
both. The processor is held to AVX2, as most users' are.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import torch

HERE = Path(__file__).parent
AVX2 = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",  # of matrix products
    "OMP_NUM_THREADS": "1",
}
EACH: dict[str, list[str]] = {
    "A GAN's step": ["dcgan.py"],
    "A classifier's step, and both on a GPU": ["gpu.py", "--rounds", "5"],
    "Classical transforms beside others'": ["classical.py"],
    "Start of the command": ["startup.py"],
    "Whole commands": ["commands.py"],
    "Near duplicates": ["near_duplicates.py", "{data}"],
}


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="../shared/data", help="the real images")
    data = parser.parse_args().data
    print(f"{time.strftime('%Y-%m-%d')}, torch {torch.__version__}, {platform.machine()}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for title, words in EACH.items():
        print(f"\n{title}", flush=True)
        command = [sys.executable, str(HERE / words[0]), *words[1:]]
        subprocess.run(
            [word.format(data=data) for word in command], env=os.environ | AVX2, check=False
        )


if __name__ == "__main__":
    main()
