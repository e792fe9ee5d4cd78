"""`make bench`: every benchmark, printed as it is measured, and written to results.json."""

from __future__ import annotations

import sys

from tests.benchmarks import append, buffer, mqtt
from tests.benchmarks.harness import RESULTS, Row, print_row, write_results

BENCHMARKS = {"append": append.rows, "buffer": buffer.rows, "mqtt": mqtt.rows}


def main(names: list[str]) -> int:
    """Run the benchmarks that are named, or all. Only a run of all replaces the results."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"{'':<44}{'ours':>14} {'':<10}{'stock':>14}{'ratio':>10}")
    measured: list[Row] = []
    for name in names or BENCHMARKS:
        for row in BENCHMARKS[name]():
            print_row(row)
            measured.append(row)
    if not names:
        write_results(measured)
        print(f"written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
