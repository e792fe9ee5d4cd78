"""How a benchmark is timed, printed and written down."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

__all__ = [
    "RESULTS",
    "Row",
    "available_bytes",
    "in_child",
    "median_s",
    "own_bytes",
    "paired",
    "print_row",
    "write_results",
]

T = TypeVar("T")

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    name : str
        What was measured.
    value : float
        Ours.
    unit : str
        Unit of both figures.
    stock : float or None
        The stock way, measured in the same run.
    ratio : float or None
        How many times better ours is.
    includes : str
        What is in the figure, in words.
    """

    name: str
    value: float
    unit: str
    stock: float | None
    ratio: float | None
    includes: str


def median_s(work: Callable[[], object], *, n_runs: int = 3, prepare: Callable[[], object] | None = None) -> float:
    """Return the median seconds of `work` over `n_runs`, after one run that warms up. `prepare` isn't timed."""
    times = []
    for _ in range(n_runs + 1):
        if prepare is not None:
            prepare()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def paired(
    name: str, value: float, unit: str, stock: float | None, includes: str, *, more_is_better: bool = False
) -> Row:
    """Return a row with the ratio of ours to stock's, above 1 where ours is better; none where stock's is None."""
    if stock is None:
        return Row(name, value, unit, None, None, includes)
    return Row(name, value, unit, stock, value / stock if more_is_better else stock / value, includes)


def in_child(work: Callable[..., T], *arguments: object) -> T:
    """Return what `work`, a function of a module, returns in a new process, whose memory is its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def own_bytes() -> tuple[int, int] | None:
    """Return the memory of this process now, and the most that it ever had; None on systems that don't tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    told = {line.partition(":")[0]: line for line in lines}
    now, most = (int(told[name].split()[1]) << 10 for name in ("VmRSS", "VmHWM"))
    return now, most


def available_bytes() -> int:
    """Return how much memory may be taken without swapping; on systems that don't tell, all that there is."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def print_row(row: Row) -> None:
    """Print a row as it is measured."""
    stock = "" if row.stock is None else f"{row.stock:>14,.3f}"
    ratio = "" if row.ratio is None else f"{row.ratio:>9,.1f}x"
    print(f"{row.name:<44}{row.value:>14,.3f} {row.unit:<10}{stock:>14}{ratio:>10}  {row.includes}", flush=True)


def write_results(rows: Iterable[Row]) -> None:
    """Write the rows with the machine and the commit that they were measured on."""
    results = {"machine": _machine(), "commit": _git("rev-parse", "--short", "HEAD"), "rows": [asdict(r) for r in rows]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _git(*arguments: Sequence[str] | str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
