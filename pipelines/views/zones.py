"""The time zones that one can choose on a page."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["BROWSER_ZONE", "ZONES", "zone_name", "zone_of"]

BROWSER_ZONE: Final = "browser"
"""Stands for the zone that the browser is in."""

ZONES: Final = {
    "My time": BROWSER_ZONE,
    "UTC": "UTC",
    "Chicago": "America/Chicago",
    "New York": "America/New_York",
    "London": "Europe/London",
    "Frankfurt": "Europe/Berlin",
    "Mumbai": "Asia/Kolkata",
    "Singapore": "Asia/Singapore",
    "Hong Kong": "Asia/Hong_Kong",
    "Tokyo": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
}
"""IANA names by what people call them: the zones of the larger exchanges."""


def zone_name(chosen: str, browser: str) -> str:
    """Return the IANA name for what was chosen; UTC where the browser has not told its zone, or we don't know it."""
    name = browser if chosen == BROWSER_ZONE else chosen
    return name if name and zone_of(name).key == name else "UTC"


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return the zone called `name`, or UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
