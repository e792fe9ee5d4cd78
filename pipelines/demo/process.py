"""The demo: a broker and a simulated market in a process of their own, so that they take no time from the feed."""

from __future__ import annotations

import os
from typing import Final

from pipelines.core.child import Child
from pipelines.sim.market import Market

__all__ = ["TOPIC", "Demo"]

TOPIC: Final = "market"
"""The messages' topics are ``market/trades`` and ``market/quotes``."""


class Demo(Child):
    """An MQTT broker on a free loopback port and a market that publishes to it.

    The child ends with the process that started it, however that ends.

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
    """

    def __init__(self, *, rate_hz: float = 100_000.0, n_symbols: int = 50, seed: int = 1) -> None:
        Market(rate_hz=rate_hz, n_symbols=n_symbols, seed=seed)  # says here what can't be, not in the child
        market = (str(rate_hz), str(n_symbols), str(seed))
        super().__init__("the demo's broker", ("-m", "pipelines.demo", str(os.getpid()), *market))

    def start(self) -> str:
        """Start the child where it is not running, and wait for it; returns the URL of the source.

        Raises
        ------
        SourceError
            Where the child ends, or says nothing for a minute.
        """
        # QoS 0: the embedded broker redelivers nothing, so acknowledgements would be work for nothing
        return f"mqtt://127.0.0.1:{super().start()}/{TOPIC}/#?format=json&kind=trades,quotes&qos=0"
