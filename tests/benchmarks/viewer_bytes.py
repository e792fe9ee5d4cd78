"""What a viewer-frame weighs: on the demo's market, and on a recording of an exchange at its own pace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.benchmarks.crowd import Crowd, measure
from tests.benchmarks.harness import Row, paired

__all__ = ["recording", "rows"]

_DEMO: Final = "sim://market?rate=100000&symbols=50&seed=1"
_N_VIEWERS: Final = 8
_SETTLE_S, _MEASURE_S = 4.0, 15.0


def rows() -> Iterator[Row]:
    """Measure both at the same time."""
    of = {"raster_delta": ("simulated market of 100,000 ticks/s and 50 symbols", _DEMO)}
    file = recording()
    if file is None:
        print("usdm_delta_bytes: left out, needs the recordings: set STREAMSHADE_DATA to their folder")
    else:
        replay = f"file://{file}?format=binance&kind=trades&speed=1"
        of["usdm_delta"] = (f"replay of binance/usdm ({file.stem}) at its own pace", replay)
    with ThreadPoolExecutor(len(of)) as pool:
        crowds = pool.map(_measured, [source for _, source in of.values()])
        for (name, (what, _)), crowd in zip(of.items(), crowds, strict=True):
            yield from _rows_of(name, what, crowd)


def recording() -> Path | None:
    """Return the first recording of the exchange's futures; None where there is none."""
    root = Path(os.environ.get("STREAMSHADE_DATA") or Path(__file__).parents[3] / "shared" / "data")
    return next(iter(sorted((root / "binance" / "usdm").glob("*.gz"))), None)


def _measured(source: str) -> Crowd:
    return measure(_N_VIEWERS, 1, source, settle_s=_SETTLE_S, measure_s=_MEASURE_S)


def _rows_of(name: str, of: str, crowd: Crowd) -> Iterator[Row]:
    what = (
        f"a message of one frame, {_N_VIEWERS} viewers for {_MEASURE_S:.0f} s at {crowd.fps:.1f} frames/s: points of "
        f"one minute of the first symbol on 1200x400 cells, {of}; {crowd.n_checked:,} pictures compared cell by cell"
    )
    yield paired(f"{name}_bytes_median", crowd.bytes_median, "bytes", None, what)
    yield paired(f"{name}_bytes_p99", crowd.bytes_p99, "bytes", None, "the same")
