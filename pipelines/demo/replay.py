"""Recordings as messages to be published again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.demo.publish import Outgoing
from pipelines.sources.recording import TimedPayload, read_recording

__all__ = ["recorded"]


def recorded(files: Iterable[Path], *, topic: str, loop: bool = False) -> Iterator[Outgoing]:
    """Read recordings one after the other, each message as it was recorded, due by its receive clock.

    Nothing passes between the last message of a file and the first of the next, whatever their clocks say: recordings
    of two days are replayed without the night.

    Parameters
    ----------
    files : iterable of Path
        The recordings.
    topic : str
        Where all messages go.
    loop : bool
        Begin again at the end, for ever, unless there is not one message.
    """
    paths = tuple(files)
    begin_ns = 0
    while True:
        n_messages = 0
        for path in paths:
            latest_ns = begin_ns
            for due_ns, payload in _shifted(path, begin_ns):
                yield Outgoing(due_ns, topic, payload)
                n_messages += 1
                latest_ns = max(latest_ns, due_ns or latest_ns)
            begin_ns = latest_ns
        if not loop or not n_messages:
            return


def _shifted(path: Path, begin_ns: int) -> Iterator[TimedPayload]:
    """Read one recording, its first message due at `begin_ns`."""
    shift_ns: int | None = None
    for received_ns, payload in read_recording(path):
        if received_ns is None:
            yield None, payload
            continue
        if shift_ns is None:
            shift_ns = begin_ns - received_ns
        yield received_ns + shift_ns, payload
