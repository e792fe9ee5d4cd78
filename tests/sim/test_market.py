"""The simulated market looks like one, and is the same for the same seed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.sim.market import START_NS, Market


def ticks(*, seconds: float = 2.0, **options: Any) -> tuple[Market, Batch, Batch]:
    market = Market(**options)
    trades, quotes = market.step(round(seconds * NS_PER_SECOND))
    return market, trades, quotes


def equal(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one.schema.names)


def test_equal_seeds_give_equal_ticks() -> None:
    _, trades, quotes = ticks(seed=7)
    _, again_trades, again_quotes = ticks(seed=7)
    assert equal(trades, again_trades)
    assert equal(quotes, again_quotes)


def test_another_seed_gives_another_market() -> None:
    assert not np.array_equal(ticks(seed=1)[1]["price"][:1_000], ticks(seed=2)[1]["price"][:1_000])


@pytest.mark.parametrize("step_ns", [10_000_000, 73_000_001, 400_000_000])
def test_how_time_is_divided_into_steps_changes_nothing(step_ns: int) -> None:
    _, trades, quotes = ticks(seconds=1.0)
    market = Market()
    edges = [*range(0, NS_PER_SECOND, step_ns), NS_PER_SECOND]
    steps = [market.step(end - begin) for begin, end in itertools.pairwise(edges)]
    assert equal(Batch.concatenate([step[0] for step in steps]), trades)
    assert equal(Batch.concatenate([step[1] for step in steps]), quotes)


def test_event_times_ascend_and_stay_within_their_step() -> None:
    market = Market(start_ns=START_NS + 5)
    for _ in range(50):
        begin_ns = market.now_ns
        for batch in market.step(7_000_003):
            assert (np.diff(batch.time) >= 0).all()
            assert begin_ns <= batch.time[0]
            assert batch.time[-1] < market.now_ns == begin_ns + 7_000_003


@pytest.mark.parametrize(("rate_hz", "seconds"), [(10.0, 60.0), (5_000.0, 10.0), (100_000.0, 2.0), (1_000_000.0, 1.0)])
def test_the_rate_is_met(rate_hz: float, seconds: float) -> None:
    _, trades, quotes = ticks(rate_hz=rate_hz, seconds=seconds)
    assert len(trades) + len(quotes) == pytest.approx(rate_hz * seconds, rel=0.01)
    assert len(trades) / (len(trades) + len(quotes)) == pytest.approx(0.4, abs=0.1 if rate_hz < 100 else 0.01)


@pytest.mark.parametrize("n_symbols", [1, 50, 500])
def test_prices_lie_on_the_tick_grid_to_the_last_bit(n_symbols: int) -> None:
    market, trades, quotes = ticks(n_symbols=n_symbols, seconds=0.5)
    for batch, name in ((trades, "price"), (quotes, "bid"), (quotes, "ask")):
        tick = market.tick[batch["symbol"]]
        whole = np.rint(batch[name] / tick)
        assert (whole >= 1).all()
        # written with the digits of the tick, the price is the same float: nothing is left of the arithmetic
        digits = np.array([max(0, len(f"{t:.10f}".rstrip("0").partition(".")[2])) for t in market.tick.tolist()])
        for price, k, code in zip(batch[name][:3_000].tolist(), whole.tolist(), batch["symbol"].tolist(), strict=False):
            assert price == round(k * float(market.tick[code]), int(digits[code]))


def test_the_bid_is_below_the_ask_by_whole_ticks() -> None:
    market, _, quotes = ticks()
    spread = (quotes["ask"] - quotes["bid"]) / market.tick[quotes["symbol"]]
    assert spread.min() > 0.999
    assert np.abs(spread - np.rint(spread)).max() < 1e-3
    assert spread.max() > 2


def test_trades_print_at_the_quote_but_for_rare_spikes() -> None:
    _, trades, quotes = ticks(seconds=90.0, n_symbols=3)
    busiest_trades, busiest_quotes = trades.select(trades["symbol"] == 0), quotes.select(quotes["symbol"] == 0)
    last = np.searchsorted(busiest_quotes.time, busiest_trades.time)
    known = (last > 0) & (last < len(busiest_quotes))
    before, after = busiest_quotes.select(last[known] - 1), busiest_quotes.select(last[known])
    prints = busiest_trades.select(known)
    bought = prints["side"] > 0
    side_of = [np.where(bought, near["ask"], near["bid"]) for near in (before, after)]
    # the quote before or the quote after: prices may move between the two
    off_market = np.minimum(*(np.abs(prints["price"] / side - 1) for side in side_of))
    assert np.mean(off_market == 0) > 0.9
    spikes = off_market > 0.0025
    assert 1 <= spikes.sum() <= 30
    assert off_market[~spikes].max() < 0.001
    assert off_market.max() < 0.0085


def test_symbols_move_together_but_not_alike() -> None:
    _, _, quotes = ticks(seconds=60.0, rate_hz=20_000.0, n_symbols=4)
    grid = START_NS + np.arange(1, 240) * (NS_PER_SECOND // 4)
    returns = []
    for code in range(4):
        rows = quotes.select(quotes["symbol"] == code)
        middle = (rows["bid"] + rows["ask"]) / 2
        returns.append(np.diff(np.log(middle[np.searchsorted(rows.time, grid) - 1])))
    correlation = np.corrcoef(returns)[np.triu_indices(4, 1)]
    assert (correlation > 0.1).all()
    assert (correlation < 0.95).all()


def test_a_few_symbols_get_most_of_the_ticks_and_none_is_forgotten() -> None:
    _, trades, quotes = ticks(seconds=5.0)
    counts = np.bincount(np.concatenate((trades["symbol"], quotes["symbol"])), minlength=50)
    assert counts.min() > 0
    assert np.sort(counts)[-5:].sum() > 0.35 * counts.sum()


def test_arrivals_come_in_bursts() -> None:
    _, trades, quotes = ticks(seconds=4.0)
    time = np.concatenate((trades.time, quotes.time))
    counts = np.bincount((time - START_NS) // 1_000_000)
    assert counts.var() / counts.mean() > 10, "a Poisson process has 1"


def test_sizes_are_positive_and_skewed() -> None:
    _, trades, quotes = ticks()
    for sizes in (trades["size"][trades["symbol"] == 0], quotes["bid_size"][quotes["symbol"] == 0]):
        assert sizes.min() > 0
        assert sizes.mean() > 1.3 * np.median(sizes)
    assert set(np.unique(trades["side"]).tolist()) == {-1, 1}


def test_prices_wander_for_an_hour_but_not_away() -> None:
    _, _, quotes = ticks(n_symbols=20, rate_hz=10.0, seconds=3_600.0)
    for code in range(3):
        bid = quotes["bid"][quotes["symbol"] == code]
        assert 1.002 < bid.max() / bid.min() < 1.2


def test_the_dictionary_names_the_codes() -> None:
    market = Market(n_symbols=120)
    dictionary = market.dictionary()
    assert dictionary.names == market.symbols
    assert len(set(market.symbols)) == 120
    assert dictionary.find("BTC-USD") == 0


@pytest.mark.parametrize(
    "options", [{"n_symbols": 0}, {"n_symbols": 70_000}, {"rate_hz": 0}, {"rate_hz": float("nan")}, {"rate_hz": 1e10}]
)
def test_a_market_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="a simulated market has"):
        Market(**options)
