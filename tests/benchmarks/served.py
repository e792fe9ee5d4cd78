"""Servers of pages in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.waiting import wait_until

__all__ = ["served"]


@contextmanager
def served(
    command: Sequence[str], address: str, log: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until what it answers at an address is good; yields its process. Prints its log where that fails."""
    with log.open("wb") as file:
        server = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _answers(address), 60, what=f"{address} answers")
        yield server.pid
    except BaseException:
        print(log.read_text("utf-8", "replace"), file=sys.stderr)
        raise
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
