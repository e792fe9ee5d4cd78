"""How one value of a message becomes a value of a column: times, numbers, sides, names and keys."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import DecodeError
from pipelines.decoders.rows import shown

__all__ = [
    "INT64_MAX",
    "SIDES",
    "float_times_ns_of",
    "identity_of",
    "number_of",
    "optional_number_of",
    "side_of",
    "time_ns_of",
    "times_ns_of",
    "whole_times_ns_of",
]

INT64_MAX: Final = 2**63 - 1

SIDES: Final[Mapping[object, int]] = {
    **dict.fromkeys(("buy", "BUY", "Buy", "b", "B", "bid", "BID", "Bid", "1", 1), 1),
    **dict.fromkeys(("sell", "SELL", "Sell", "s", "S", "ask", "ASK", "Ask", "-1", -1), -1),
    **dict.fromkeys(("0", 0, None), 0),
}
"""How a side may be written, in the spellings that are common. `side_of` takes any mixture of cases."""

_NUMBER: Final = re.compile(
    r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|-?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_WHOLE: Final = re.compile(r"-?\d{1,20}", re.ASCII)
_ISO_8601: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[Tt ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d{1,18}))?)?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND_NS: Final = 1_000


def time_ns_of(value: object, unit_ns: int) -> int:
    """Return the time in a message as int64 nanoseconds UTC.

    Parameters
    ----------
    value : object
        A number or numeric string of units since 1970, or an ISO 8601 string; one without a zone is UTC. Whole numbers
        are exact. A float holds a present-day time to a quarter of a microsecond: as seconds or milliseconds it is
        rounded to the microsecond, which gives back what was meant.
    unit_ns : int
        Nanoseconds in one unit of a number.

    Raises
    ------
    DecodeError
        Where it is no time, or none that 64 bits hold.
    """
    if isinstance(value, str):
        number = _number_in_text(value)
        if number is None:
            return _fitting_ns(_iso_8601_ns(value), value)
        value = number
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DecodeError(f"expected a time, got {shown(value)}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DecodeError(f"expected a time, got {value}")
        whole = math.trunc(value)
        quantum_ns = _float_quantum_ns(unit_ns)
        time_ns = whole * unit_ns + round((value - whole) * unit_ns / quantum_ns) * quantum_ns
    else:
        time_ns = value * unit_ns
    return _fitting_ns(time_ns, value)


def times_ns_of(values: Sequence[float], unit_ns: int) -> NDArray[np.int64] | None:
    """Return many times at once, int64[n] nanoseconds, equal to `time_ns_of` of each.

    Returns None where they are of several types or don't fit, so that each has to be looked at.
    """
    types = set(map(type, values))
    if len(types) > 1:
        return None
    if types == {float}:
        floats = np.fromiter(values, np.float64, len(values))
        if not (np.abs(floats) < INT64_MAX // unit_ns).all():
            return None
        return float_times_ns_of(floats, unit_ns)
    try:
        times = np.fromiter(values, np.int64, len(values))
    except OverflowError:
        return None
    return whole_times_ns_of(times, unit_ns)


def whole_times_ns_of(times: NDArray[np.int64], unit_ns: int) -> NDArray[np.int64] | None:
    """Return times that are whole numbers, int64[n] units, as int64[n] nanoseconds; None where they don't fit."""
    if unit_ns == 1:
        return times
    limit = INT64_MAX // unit_ns
    return times * unit_ns if not len(times) or (times.max() <= limit and times.min() >= -limit) else None


def float_times_ns_of(values: NDArray[np.float64], unit_ns: int) -> NDArray[np.int64]:
    """Return times that are floats, float64[n] units, as int64[n] nanoseconds, rounded as `time_ns_of` does it.

    They must be finite and fit 64 bits of nanoseconds.
    """
    whole = np.trunc(values)
    quantum_ns = _float_quantum_ns(unit_ns)
    parts_ns = np.rint((values - whole) * unit_ns / quantum_ns).astype(np.int64) * quantum_ns
    return whole.astype(np.int64) * unit_ns + parts_ns


def number_of(value: object) -> float:
    """Return the number in a message, or in a string of it, as a float; raises `DecodeError` where there is none."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise DecodeError(f"expected a finite number, got {shown(value)}") from None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    raise DecodeError(f"expected a number, got {shown(value)}")


def optional_number_of(value: object) -> float:
    """Return `number_of` a value that may be missing: "null" in a string is NaN, as typed decoding reads it."""
    return float("nan") if isinstance(value, str) and value.lower() == "null" else number_of(value)


def side_of(value: object) -> int:
    """Return +1, -1 or 0 for a side in any of the spellings of `SIDES`; raises `DecodeError` for any other."""
    if isinstance(value, str):
        value = value.lower()
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        sign = SIDES.get(value)
        if sign is not None:
            return sign
    raise DecodeError(f"expected buy, sell, bid, ask, 1, -1 or 0, got {shown(value)}")


def identity_of(value: object) -> int:
    """Return the identity that a key field gives a record.

    Parameters
    ----------
    value : object
        A whole number is its own identity. A string has the identity of its 64-bit BLAKE2b digest, read as a signed
        little-endian integer: two of ten million different strings are equal with a chance of 3 in a million.

    Raises
    ------
    DecodeError
        Where it is neither, or a number that 64 bits don't hold.
    """
    if isinstance(value, str):
        digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little", signed=True)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DecodeError(f"expected a whole number or a string as key, got {shown(value)}")
    if not -INT64_MAX - 1 <= value <= INT64_MAX:
        raise DecodeError(f"expected a key of 64 bits, got {shown(value)}")
    return value


def _number_in_text(text: str) -> float | None:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else None


def _fitting_ns(time_ns: int, value: object) -> int:
    if not -INT64_MAX <= time_ns <= INT64_MAX:
        raise DecodeError(f"expected a time that fits 64 bits of nanoseconds, got {shown(value)}")
    return time_ns


def _iso_8601_ns(text: str) -> int:
    match = _ISO_8601.fullmatch(text)
    if match is None:
        raise DecodeError(f"expected a time, got {shown(text)}")
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}{(match['zone'] or 'Z').upper()}")
    except ValueError:
        raise DecodeError(f"expected a time, got {shown(text)}") from None
    since = moment - _EPOCH
    fraction_ns = int((match["fraction"] or "0")[:9].ljust(9, "0"))
    return (since.days * 86_400 + since.seconds) * NS_PER_SECOND + fraction_ns


def _float_quantum_ns(unit_ns: int) -> int:
    return _MICROSECOND_NS if unit_ns > _MICROSECOND_NS else 1
