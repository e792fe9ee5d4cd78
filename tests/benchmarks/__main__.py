"""`make bench`: every benchmark, printed as it is measured, written to results.json and drawn in docs/cost.svg."""

from __future__ import annotations

import sys
import traceback
from dataclasses import asdict

from tests.benchmarks import (
    append,
    bars,
    buffer,
    crowd,
    event_to_pixel,
    first_frame,
    frames,
    memory,
    mqtt,
    pages,
    sustained,
    viewer_bytes,
    zoom,
)
from tests.benchmarks.budgets import verdicts
from tests.benchmarks.harness import RESULTS, Row, print_row, write_results
from tests.benchmarks.plot import PLOT, cost_svg

BENCHMARKS = {
    "first_frame": first_frame.rows,
    "frames": frames.rows,
    "zoom": zoom.rows,
    "memory": memory.rows,
    "bars": bars.rows,
    "sustained": sustained.rows,
    "crowd": crowd.rows,
    "viewer_bytes": viewer_bytes.rows,
    "pages": pages.rows,
    "append": append.rows,
    "buffer": buffer.rows,
    "mqtt": mqtt.rows,
    "event_to_pixel": event_to_pixel.rows,
}


def main(names: list[str]) -> int:
    """Run the benchmarks that are named, or all. Only a run of all replaces the results."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"{'':<44}{'ours':>14} {'':<10}{'stock':>14}{'ratio':>10}")
    measured: list[Row] = []
    failed = []
    for name in names or BENCHMARKS:
        try:
            for row in BENCHMARKS[name]():
                print_row(row)
                measured.append(row)
        except Exception:  # what took minutes to measure is not lost for what comes after it
            traceback.print_exc()
            failed.append(name)
    print("", *verdicts(measured), sep="\n")
    if not names:
        write_results(measured)
        PLOT.write_text(cost_svg([asdict(row) for row in measured]))
        print(f"written to {RESULTS} and {PLOT}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
