"""The symbols of the simulated market: names, price levels and tick grids. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from string import ascii_uppercase
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Listing", "listings"]

_KNOWN: Final = """
BTC-USD 61500 1/10 | ETH-USD 2680 1/100 | SOL-USD 154 1/100 | XRP-USD 0.61 1/10000 | DOGE-USD 0.1042 1/100000
ADA-USD 0.342 1/10000 | AVAX-USD 21.8 1/1000 | LINK-USD 10.6 1/1000 | LTC-USD 61.3 1/100 | BCH-USD 348 1/20
DOT-USD 4.61 1/1000 | UNI-USD 6.12 1/1000 | ATOM-USD 4.92 1/1000 | FIL-USD 3.71 1/1000 | NEAR-USD 4.08 1/1000
APT-USD 6.27 1/1000 | ARB-USD 0.561 1/10000 | OP-USD 1.43 1/1000 | INJ-USD 18.4 1/100 | AAVE-USD 101.2 1/50
ES 5342.25 1/4 | NQ 18541.5 1/4 | YM 39210 1 | RTY 2081.4 1/10 | CL 76.19 1/100 | NG 2.127 1/1000 | GC 2431.2 1/10
SI 27.62 1/200 | HG 3.962 1/2000 | ZN 112.84 1/64 | ZB 122.19 1/32 | ZC 396.25 1/4 | ZS 1009.5 1/4 | ZW 538.75 1/4
EUR-USD 1.0921 1/100000 | GBP-USD 1.2744 1/100000 | USD-JPY 147.21 1/1000 | AUD-USD 0.6591 1/100000
USD-CHF 0.8662 1/100000 | USD-CAD 1.3734 1/100000 | NZD-USD 0.6013 1/100000 | EUR-GBP 0.8569 1/100000
AAPL 213.3 1/100 | MSFT 402.7 1/100 | NVDA 104.9 1/100 | AMZN 165.8 1/100 | GOOG 163.8 1/100 | META 509.6 1/100
TSLA 198.8 1/100 | AMD 136.3 1/100 | NFLX 633 1/100 | INTC 20.48 1/100 | ORCL 132.7 1/100 | JPM 205.4 1/100
V 260.6 1/100 | XOM 117.2 1/100 | KO 68.9 1/100 | DIS 85.9 1/100 | BA 167.1 1/100 | NKE 73.6 1/100
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """What trades, and where it starts.

    Parameters
    ----------
    names : tuple of str
        The symbols, busiest first.
    price : float64[n]
        Prices that they start near, in the quote currency.
    tick_numerator, tick_denominator : float64[n]
        The price tick as a fraction of whole numbers. A price is ``k * numerator / denominator``, rounded once: the
        float nearest to the decimal number.
    """

    names: tuple[str, ...]
    price: NDArray[np.float64]
    tick_numerator: NDArray[np.float64]
    tick_denominator: NDArray[np.float64]

    @property
    def tick(self) -> NDArray[np.float64]:
        """Price ticks, float64[n]."""
        return self.tick_numerator / self.tick_denominator


def listings(n_symbols: int, rng: np.random.Generator) -> Listing:
    """List `n_symbols` symbols: the known names first, then generated ones on ticks of 1, 2.5 or 5 powers of ten."""
    rows = [_read(entry) for entry in _KNOWN.replace("\n", "|").split("|") if entry.strip()][:n_symbols]
    n_generated = n_symbols - len(rows)
    names = ("".join(letters) + "-USD" for letters in product(ascii_uppercase, repeat=4))
    prices = np.exp(rng.uniform(np.log(0.1), np.log(5_000.0), n_generated))
    steps = rng.choice((1.0, 2.5, 5.0), n_generated)
    for name, price, step in zip(islice(names, n_generated), prices.tolist(), steps.tolist(), strict=True):
        # four to five significant digits a price, as exchanges choose their ticks
        digits = 4 - int(np.floor(np.log10(price)))
        rows.append((name, price, step * 10, 10.0 ** (digits + 1)))
    symbols, price, numerator, denominator = zip(*rows, strict=True)
    return Listing(tuple(symbols), np.array(price), np.array(numerator), np.array(denominator))


def _read(entry: str) -> tuple[str, float, float, float]:
    name, price, tick = entry.split()
    numerator, _, denominator = tick.partition("/")
    return name, float(price), float(numerator), float(denominator or 1)
