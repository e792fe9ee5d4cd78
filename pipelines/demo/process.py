"""The demo: a broker and a simulated market in a process of their own, so that they take no time from the feed."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
from typing import Final

from pipelines.core.errors import SourceError
from pipelines.sim.market import Market

__all__ = ["TOPIC", "Demo"]

TOPIC: Final = "market"
"""The messages' topics are ``market/trades`` and ``market/quotes``."""

_START_TIMEOUT_S: Final = 30.0


class Demo:
    """An MQTT broker on a free loopback port and a market that publishes to it.

    Parameters
    ----------
    rate_hz : float
        Ticks a second.
    n_symbols : int
        How many symbols trade.
    seed : int
        Equal seeds give equal prices.

    Raises
    ------
    SpecError
        Where such a market can't be.

    Notes
    -----
    *Threads.* `start` and `stop` may be called from any thread.

    The child ends with the process that started it, however that ends.
    """

    def __init__(self, *, rate_hz: float = 100_000.0, n_symbols: int = 50, seed: int = 1) -> None:
        Market(rate_hz=rate_hz, n_symbols=n_symbols, seed=seed)  # says here what can't be, not in the child
        self._arguments = (str(rate_hz), str(n_symbols), str(seed))
        self._child: subprocess.Popen[str] | None = None
        self._url = ""
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The child's process id; None where it is stopped."""
        return None if self._child is None else self._child.pid

    def launch(self) -> None:
        """Start the child where it is not running, and don't wait for it."""
        with self._lock:
            self._launch()

    def start(self) -> str:
        """Start the child where it is not running, and wait for it; returns the URL of the source.

        Raises
        ------
        SourceError
            Where the child ends, or says nothing for half a minute.
        """
        with self._lock:
            child = self._launch()
            self._url = self._url or self._await_url(child)
            return self._url

    def stop(self) -> None:
        """End the child and wait for it. Does nothing where it is stopped."""
        with self._lock:
            if self._child is not None:
                _end(self._child)
                self._child = None

    def _launch(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._url = ""
            self._child = subprocess.Popen(
                [sys.executable, "-m", "pipelines.demo", str(os.getpid()), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._child

    def _await_url(self, child: subprocess.Popen[str]) -> str:
        assert child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            port = child.stdout.readline().strip() if selector.select(_START_TIMEOUT_S) else ""
        if not port:
            _end(child)
            self._child = None
            raise SourceError("the demo's broker did not start: what it said is on the standard error")
        # QoS 0: the embedded broker redelivers nothing, so acknowledgements would be work for nothing
        return f"mqtt://127.0.0.1:{port}/{TOPIC}/#?format=json&kind=trades,quotes&qos=0"


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(5.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
