from __future__ import annotations

import pytest

from pipelines.views.zones import BROWSER_ZONE, ZONES, zone_name, zone_of


def test_every_zone_that_can_be_chosen_exists() -> None:
    assert {zone_of(name).key for name in ZONES.values() if name != BROWSER_ZONE} == set(ZONES.values()) - {
        BROWSER_ZONE
    }


def test_my_time_is_the_browsers() -> None:
    assert zone_name(BROWSER_ZONE, "Asia/Tokyo") == "Asia/Tokyo"
    assert zone_name("UTC", "Asia/Tokyo") == "UTC"


@pytest.mark.parametrize("told", ["", "Mars/Olympus", "../../etc/passwd", "\0"])
def test_a_zone_that_we_do_not_know_is_utc(told: str) -> None:
    assert zone_name(BROWSER_ZONE, told) == "UTC"
