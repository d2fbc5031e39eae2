"""Start-up times: median wall time of fresh processes.

Run ``python benchmarks/startup.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

CLAB = str(Path(sys.executable).with_name("clab"))
COMMANDS = {
    "bare interpreter": [sys.executable, "-c", "pass"],
    "clab --help": [CLAB, "--help"],
    "clab search lookup --help": [CLAB, "search", "lookup", "--help"],
    "import constants_lab": [sys.executable, "-c", "import constants_lab"],
    "constants_lab.PCF": [sys.executable, "-c", "import constants_lab as lab; lab.PCF('2n+1', 'n^2').value(50)"],
}


def main() -> None:
    """Print one row a command: median of 11 runs after a warm-up."""
    print("| start | median s |")
    print("|---|---|")
    for name, command in COMMANDS.items():
        times = []
        for _ in range(12):
            started = perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(perf_counter() - started)
        print(f"| {name} | {statistics.median(times[1:]):.3f} |")


if __name__ == "__main__":
    main()
