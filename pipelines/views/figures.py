"""Numbers, durations and times as people read them: grouped, of constant width, with their unit."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from pipelines.core.clock import NS_PER_SECOND

__all__ = ["DASH", "amount", "clock_time", "count", "decimals", "percent", "price", "rate", "signed"]

DASH: Final = "\N{EN DASH}"
"""Stands where there is no number."""

_MINUS: Final = "\N{MINUS SIGN}"
_MAX_DECIMALS: Final = 8


def count(number: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{number:,}"


def rate(per_second: float) -> str:
    """Return a rate with three to four significant digits: ``0.4``, ``12.5``, ``1,940``, ``98.3k``."""
    if per_second >= 99_950:
        return f"{per_second / 1e3:,.0f}k" if per_second < 9.995e6 else f"{per_second / 1e6:,.1f}M"
    return f"{per_second:,.0f}" if per_second >= 99.95 else f"{per_second:.1f}"


def amount(n_bytes: float) -> str:
    """Return an amount of memory in binary units: ``512 B``, ``1.5 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n_bytes < 1_023.5 or unit == "GiB":
            break
        n_bytes /= 1_024
    return f"{n_bytes:,.0f} {unit}" if unit == "B" or n_bytes >= 99.95 else f"{n_bytes:.1f} {unit}"


def decimals(value: float) -> int:
    """Return how many decimals `value` needs to be shown as it is, at most 8."""
    _, _, fraction = f"{value:.{_MAX_DECIMALS}f}".rstrip("0").partition(".")
    return len(fraction)


def price(value: float, n_decimals: int) -> str:
    """Return a price with its thousands apart, or a dash where it is not a number."""
    return f"{value:,.{n_decimals}f}".replace("-", _MINUS) if value == value else DASH


def percent(share: float) -> str:
    """Return a signed change in percent, or a dash where it is not a number. Nothing is ``-0.00%``."""
    if share != share:
        return DASH
    text = f"{abs(share):.2%}"
    sign = "" if text == "0.00%" else "+" if share > 0 else _MINUS
    return sign + text


def signed(change: float, n_decimals: int) -> str:
    """Return a change with its sign, or a dash where it is not a number."""
    change = round(change, n_decimals)
    text = price(abs(change), n_decimals)
    return f"+{text}" if change > 0 else f"{_MINUS}{text}" if change < 0 else text


def clock_time(time_ns: int, zone: tzinfo = UTC) -> str:
    """Return a time of day to the microsecond in `zone`. The digits are those of the integer, never rounded."""
    second, rest_ns = divmod(time_ns, NS_PER_SECOND)
    return f"{datetime.fromtimestamp(second, zone):%H:%M:%S}.{rest_ns // 1_000:06d}"
