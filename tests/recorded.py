"""A recording of the exchange's format, made up: trades, quotes and depth updates in turn."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

__all__ = ["lines_of", "trades_of", "write_recording"]


def write_recording(file: Path, n_messages: int = 3_000) -> Path:
    """Write a message a millisecond, as the recordings have them: receive clock 1.3 s behind the exchange."""
    lines = []
    for number in range(n_messages):
        ms = 1_723_161_256_000 + number
        event = {"E": ms + 1, "T": ms, "s": "BTCUSDT"}
        if number % 3 == 0:
            event |= {"e": "trade", "t": number, "p": f"{61_800 + number % 7 / 10:.2f}", "q": "0.006", "m": False}
        elif number % 3 == 1:
            event |= {"e": "bookTicker", "u": number, "b": "61800.2", "B": "1", "a": "61800.3", "A": "2"}
        else:
            event |= {"e": "depthUpdate", "U": number, "u": number, "b": [["61800.2", "0"]], "a": []}
        lines.append(f"{ms * 1_000_000 - 1_300_000_000} {json.dumps({'stream': 'x', 'data': event})}\n")
    file.write_bytes(gzip.compress("".join(lines).encode()))
    return file


def lines_of(file: Path) -> list[bytes]:
    """Return the lines of a recording."""
    return gzip.decompress(file.read_bytes()).splitlines()


def trades_of(file: Path) -> list[tuple[int, float, float]]:
    """Read a recording in the plainest way: time in nanoseconds, price and size of each trade."""
    events = [json.loads(line.split(b" ", 1)[1]).get("data", {}) for line in lines_of(file)]
    return [(e["T"] * 1_000_000, float(e["p"]), float(e["q"])) for e in events if e.get("e") == "trade"]
