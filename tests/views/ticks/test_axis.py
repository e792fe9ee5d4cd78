"""The time axis: exact to the nanosecond in every zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.views.ticks.axis import TimeAxis, date_label
from tests.live.hand_feed import NOON_NS

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]


@given(st.integers(0, 2**62), st.integers(-86_400 * NS_PER_SECOND, 86_400 * NS_PER_SECOND), st.sampled_from(ZONES))
def test_a_time_comes_back_from_the_axis_to_the_nanosecond(day_ns: int, offset_ns: int, zone: str) -> None:
    axis = TimeAxis.around(day_ns, zone)
    assert axis.to_ns(axis.to_axis(day_ns + offset_ns)) == day_ns + offset_ns


def test_ticks_one_nanosecond_apart_stay_apart() -> None:
    axis = TimeAxis.around(NOON_NS, "Asia/Tokyo")
    places = axis.to_axis(NOON_NS + np.arange(1_000))
    assert len(set(places.tolist())) == 1_000
    assert (np.diff(places) > 0).all()


@pytest.mark.parametrize("zone", ZONES)
def test_the_axis_begins_at_a_midnight_of_the_zone(zone: str) -> None:
    origin_ns = TimeAxis.around(NOON_NS, zone).origin_ns
    midnight = datetime.fromtimestamp(origin_ns // NS_PER_SECOND, ZoneInfo(zone))
    assert (midnight.hour, midnight.minute, midnight.second, origin_ns % NS_PER_SECOND) == (0, 0, 0, 0)
    assert 0 <= NOON_NS - origin_ns < 25 * 3_600 * NS_PER_SECOND


def test_an_unknown_zone_is_named_in_the_error() -> None:
    with pytest.raises(SpecError, match="Mars/Olympus"):
        TimeAxis.around(NOON_NS, "Mars/Olympus")


def test_the_label_names_the_days_that_are_seen() -> None:
    hour_ns = 3_600 * NS_PER_SECOND
    assert date_label(NOON_NS, NOON_NS + hour_ns, "UTC") == "8 Aug 2024"
    assert date_label(NOON_NS, NOON_NS + 12 * hour_ns, "UTC") == "8 Aug 2024"
    assert date_label(NOON_NS, NOON_NS + 13 * hour_ns, "UTC") == "8 Aug to 9 Aug 2024"
    assert date_label(NOON_NS, NOON_NS + hour_ns, "Pacific/Auckland") == "9 Aug 2024"
