"""The simulated market as messages: where the simulation meets the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from pipelines.core.clock import Clock, SystemClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import TRADES
from pipelines.core.url import SourceSpec
from pipelines.decoders.encode import make_encoder
from pipelines.sim.market import Market
from pipelines.sources.recording import TimedPayload

__all__ = ["SimulatedMessage", "simulated_messages", "simulated_source"]

_PERIOD_NS: Final = 10_000_000
"""A message a kind is made of so much time."""


class SimulatedMessage(NamedTuple):
    """Ticks of one kind, as they would come from a broker.

    Parameters
    ----------
    due_ns : int
        The end of the time that they were made in, nanoseconds UTC.
    kind : str
        What they are.
    payload : bytes
        How they are written.
    n_rows : int
        How many they are.
    """

    due_ns: int
    kind: str
    payload: bytes
    n_rows: int


def simulated_messages(
    *,
    rate_hz: float = 100_000.0,
    n_symbols: int = 50,
    seed: int = 1,
    format_name: str = "json",
    kinds: tuple[str, ...] = ("trades", "quotes"),
    clock: Clock | None = None,
) -> Iterator[SimulatedMessage]:
    """Simulate a market from now on, for ever.

    Parameters
    ----------
    rate_hz, n_symbols, seed
        As `pipelines.sim.market.Market` takes them.
    format_name : str
        How messages are written: a format that can be encoded.
    kinds : tuple of str
        Which of trades and quotes are wanted.
    clock : Clock, optional
        Event times begin just before its time at the first message, so that the market is live.
    """
    now_ns = (clock or SystemClock()).now_ns()
    market = Market(n_symbols=n_symbols, rate_hz=rate_hz, seed=seed, start_ns=now_ns - _PERIOD_NS)
    dictionary = market.dictionary()
    encoders = {}
    while True:
        for batch in market.step(_PERIOD_NS):
            if len(batch) and batch.kind in kinds:
                if batch.kind not in encoders:
                    encoders[batch.kind] = make_encoder(format_name, batch.schema, dictionary)
                yield SimulatedMessage(market.now_ns, batch.kind, encoders[batch.kind](batch), len(batch))


def simulated_source(spec: SourceSpec) -> Callable[[], Iterator[TimedPayload]]:
    """Return what simulates the market that a ``sim://`` URL declares, anew each time it is called.

    Raises
    ------
    SpecError
        Where an option of the URL can't be.
    """
    if spec.host != "market":
        raise SpecError(f"there is no simulated {spec.host!r}: write sim://market")
    rate_hz = spec.number("rate", 100_000.0, minimum=1e-3)
    n_symbols = spec.whole("symbols", 50, minimum=1)
    seed = spec.whole("seed", 1)
    Market(n_symbols=n_symbols, rate_hz=rate_hz, seed=seed)  # says now what can't be, not in the source's thread
    make_encoder(spec.format, TRADES, Dictionary())  # likewise

    def payloads() -> Iterator[TimedPayload]:
        messages = simulated_messages(
            rate_hz=rate_hz, n_symbols=n_symbols, seed=seed, format_name=spec.format, kinds=spec.kinds
        )
        return ((message.due_ns, message.payload) for message in messages)

    return payloads
