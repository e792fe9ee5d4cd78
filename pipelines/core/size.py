"""Amounts of memory as people write them."""

from __future__ import annotations

from typing import Final

from pipelines.core.errors import SpecError

__all__ = ["parse_bytes"]

_FACTORS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_bytes(text: str) -> int:
    """Read an amount of memory such as ``4G``, ``512M`` or ``1.5GiB`` as bytes.

    Raises
    ------
    SpecError
        Where `text` is no positive amount.
    """
    lowered = text.strip().lower().removesuffix("b").removesuffix("i")
    digits = lowered.rstrip("kmgt")
    try:
        n_bytes = int(float(digits) * _FACTORS[lowered[len(digits) :]])
    except (ValueError, KeyError, OverflowError):
        n_bytes = 0
    if n_bytes <= 0:
        raise SpecError(f"{text!r} is no amount of memory: write a number and a unit, such as 4G or 512M")
    return n_bytes
