"""Recordings: files with a message a line, read lazily."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Final, TypeAlias, cast

from pipelines.core.errors import SourceError

__all__ = ["MAX_LINE_BYTES", "TimedPayload", "read_recording"]

TimedPayload: TypeAlias = tuple[int | None, bytes]
"""When a message is due, nanoseconds UTC (None: at once), and its bytes."""

MAX_LINE_BYTES: Final = 64 << 20
"""Longest line that is read: a file without line ends must not fill the memory."""

_RECEIVED: Final = re.compile(rb"(\d{18,19}) +(?=\S)")
"""A receive clock in nanoseconds since 1970: of 1973 to 2262, so that a line of small numbers is not taken for one."""

_GZIP_MAGIC: Final = b"\x1f\x8b"


def read_recording(path: Path) -> Iterator[TimedPayload]:
    """Read a recording, plain or compressed by gzip (told by its first bytes, not by its name).

    A line is ``<receive clock in ns UTC> <message>``, or just a message, which is then due at once. Empty lines are
    skipped. Every other line is a message, whatever it holds: the decoder judges it, and what it can't read is counted.

    Parameters
    ----------
    path : Path
        The file. It is opened with the first message that is asked for.

    Yields
    ------
    (int or None, bytes)
        When the message was received, nanoseconds UTC, and the message without its line end.

    Raises
    ------
    SourceError
        Where the file can't be opened, and after the last whole message of one that is damaged or cut off.
    """
    n_messages = 0
    try:
        with _open(path) as file:
            for line in iter(partial(file.readline, MAX_LINE_BYTES + 1), b""):
                if len(line) > MAX_LINE_BYTES:
                    raise SourceError(f"{path} has a line of more than {MAX_LINE_BYTES >> 20} MiB: it is no recording")
                message = line.strip()
                if message:
                    yield _timed(message)
                    n_messages += 1
    except EOFError:
        raise SourceError(f"{path} is cut off after {n_messages:,} messages") from None
    except (zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path} is damaged after {n_messages:,} messages: {error}") from None
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error.strerror or error}") from None


def _open(path: Path) -> IO[bytes]:
    file = path.open("rb")
    try:
        if file.peek(2)[:2] == _GZIP_MAGIC:
            file.close()
            return cast(IO[bytes], gzip.open(path, "rb"))
    except BaseException:
        file.close()
        raise
    return file


def _timed(message: bytes) -> TimedPayload:
    received = _RECEIVED.match(message)
    return (None, message) if received is None else (int(received[1]), message[received.end() :])
