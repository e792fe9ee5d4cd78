"""The simulated market as messages decodes to the market, tick for tick."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from pipelines.core.clock import ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.message import Message, Position
from pipelines.decoders.catalogue import make_decoder
from pipelines.graph.catalogue import open_source, read_url
from pipelines.graph.simulated import simulated_messages, simulated_source
from pipelines.sim.market import Market

NOW_NS = 1_723_161_255_000_000_000
PERIOD_NS = 10_000_000


@pytest.mark.parametrize("format_name", ["json", "packed"])
@pytest.mark.parametrize("kind", ["trades", "quotes"])
def test_messages_decode_to_the_ticks_of_the_market(kind: str, format_name: str) -> None:
    messages = simulated_messages(rate_hz=20_000.0, kinds=(kind,), format_name=format_name, clock=ManualClock(NOW_NS))
    wanted = list(islice(messages, 20))
    market = Market(rate_hz=20_000.0, start_ns=NOW_NS - PERIOD_NS)
    batch = market.step(20 * PERIOD_NS)[kind == "quotes"]
    dictionary = Dictionary()
    decoder = make_decoder(read_url(f"sim://market?format={format_name}&kind={kind}"), dictionary)
    decoded = decoder.decode([Message(m.payload, Position("sim", n), NOW_NS) for n, m in enumerate(wanted)])
    assert decoded.dead_letters == ()
    (rows,) = decoded.batches
    assert [dictionary.name(code) for code in rows.keys.tolist()] == [market.symbols[code] for code in batch.keys]
    for name in batch.schema.names:
        if name != "symbol":
            assert np.array_equal(rows[name], batch[name])
    assert sum(message.n_rows for message in wanted) == len(batch)


def test_a_message_is_due_when_its_time_has_passed_and_the_first_is_due_now() -> None:
    messages = list(islice(simulated_messages(clock=ManualClock(NOW_NS)), 6))
    assert [message.kind for message in messages] == ["trades", "quotes"] * 3
    assert [message.due_ns - NOW_NS for message in messages] == [
        0,
        0,
        PERIOD_NS,
        PERIOD_NS,
        2 * PERIOD_NS,
        2 * PERIOD_NS,
    ]


def test_a_url_sets_the_market_and_each_pass_simulates_it_anew() -> None:
    payloads = simulated_source(read_url("sim://market?rate=5000&symbols=3&seed=9&kind=trades"))
    first, again = (list(islice(payloads(), 50)) for _ in range(2))
    assert all(b'"bid"' not in payload for _, payload in first)
    prices = [[payload[payload.index(b'"price"') :] for _, payload in part] for part in (first, again)]
    assert prices[0] == prices[1]


@pytest.mark.parametrize("query", ["rate=0", "symbols=0", "symbols=1.5", "seed=-1", "format=binance", "symbols=100000"])
def test_a_url_that_cannot_be_simulated_is_refused_at_once(query: str) -> None:
    with pytest.raises(SpecError):
        open_source(read_url(f"sim://market?{query}"), clock=ManualClock(NOW_NS))
