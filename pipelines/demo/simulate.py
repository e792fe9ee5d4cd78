"""The simulated market as messages to be published."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.core.clock import NS_PER_SECOND
from pipelines.demo.publish import Outgoing
from pipelines.graph.simulated import simulated_messages

__all__ = ["simulated"]


def simulated(
    *,
    topic: str,
    rate_hz: float,
    n_symbols: int,
    seed: int,
    format_name: str = "json",
    seconds: float | None = None,
) -> Iterator[Outgoing]:
    """Simulate a market from the first message on: trades for ``topic/trades``, quotes for ``topic/quotes``.

    Parameters
    ----------
    topic : str
        What the topics begin with.
    rate_hz, n_symbols, seed, format_name
        As `pipelines.graph.simulated.simulated_messages` takes them.
    seconds : float, optional
        End after so long, by the clock of the market.
    """
    begin_ns: int | None = None
    messages = simulated_messages(rate_hz=rate_hz, n_symbols=n_symbols, seed=seed, format_name=format_name)
    for message in messages:
        begin_ns = message.due_ns if begin_ns is None else begin_ns
        if seconds is not None and message.due_ns - begin_ns >= seconds * NS_PER_SECOND:
            return
        yield Outgoing(message.due_ns, f"{topic}/{message.kind}", message.payload, message.n_rows)
