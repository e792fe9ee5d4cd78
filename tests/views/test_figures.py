from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from pipelines.views.figures import DASH, amount, clock_time, count, decimals, percent, price, rate, signed
from tests.views.fakes import START_NS


def test_a_count_has_its_thousands_apart() -> None:
    assert count(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(0, "0.0"), (99.94, "99.9"), (99.96, "100"), (1_234.4, "1,234"), (123_456, "123k"), (12_345_678, "12.3M")],
)
def test_a_rate_has_a_few_digits_and_no_more(per_second: float, text: str) -> None:
    assert rate(per_second) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (1_023, "1,023 B"), (1_536, "1.5 KiB"), (300 << 20, "300 MiB"), (1 << 40, "1,024 GiB")],
)
def test_memory_is_told_in_the_unit_that_fits(n_bytes: int, text: str) -> None:
    assert amount(n_bytes) == text


@pytest.mark.parametrize(("value", "needed"), [(100.0, 0), (61_500.1, 1), (0.10415, 5), (112.015625, 6), (1 / 3, 8)])
def test_a_price_gets_the_decimals_it_needs(value: float, needed: int) -> None:
    assert decimals(value) == needed


def test_what_is_not_a_number_is_a_dash() -> None:
    assert price(float("nan"), 2) == percent(float("nan")) == DASH


@pytest.mark.parametrize(
    ("share", "text"), [(0.01234, "+1.23%"), (-0.5, "\N{MINUS SIGN}50.00%"), (-0.00001, "0.00%"), (0.0, "0.00%")]
)
def test_a_change_has_a_sign_unless_it_is_nothing(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("change", "text"), [(1.5, "+1.50"), (-1.5, "\N{MINUS SIGN}1.50"), (0.0, "0.00"), (float("nan"), DASH)]
)
def test_an_absolute_change_has_a_sign_too(change: float, text: str) -> None:
    assert signed(change, 2) == text


def test_a_time_shows_the_digits_of_the_integer_in_its_zone() -> None:
    time_ns = START_NS + 123_456_999
    assert clock_time(time_ns) == "00:00:00.123456"
    assert clock_time(time_ns, ZoneInfo("Asia/Kolkata")) == "05:30:00.123456"


def test_a_time_before_1970_shows_the_digits_of_the_integer_too() -> None:
    assert clock_time(-1) == "23:59:59.999999"
