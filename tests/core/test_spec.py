from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.core.errors import SpecError
from pipelines.core.schema import KINDS, TRADES, schema_of
from pipelines.core.spec import BarsSpec, FeedSpec, Period, Retention, RowsSpec, View, ViewSpec
from pipelines.core.url import SourceSpec


def test_a_feed_has_a_table_for_each_kind_that_its_source_brings() -> None:
    spec = FeedSpec(SourceSpec("sim", kinds=("quotes", "trades")), Retention(max_rows=10))
    assert [table.schema.kind for table in spec.tables] == ["quotes", "trades"]
    assert all(table.retention.max_rows == 10 for table in spec.tables)


@pytest.mark.parametrize("wrong", [{"window_ns": 0}, {"memory_bytes": -1}, {"max_rows": 0}, {"min_rows": -1}])
def test_a_retention_that_keeps_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SpecError):
        Retention(**wrong)


def test_a_canvas_class_is_one_of_those_that_merge() -> None:
    with pytest.raises(SpecError, match="300, 600, 1200, 2400"):
        ViewSpec("feed", "trades", "BTC", "price", n_columns=1000)
    with pytest.raises(SpecError, match="span"):
        ViewSpec("feed", "trades", "BTC", "price", span_ns=0)


def test_every_kind_is_stored_by_key_with_its_time_first() -> None:
    for schema in KINDS.values():
        assert schema.names[0] == "time"
        assert schema.column(schema.key).unit == "code"
        assert schema.value in schema.names
    assert TRADES.row_bytes == 8 + 4 + 8 + 8 + 1
    with pytest.raises(SpecError, match="the kinds are"):
        schema_of("ticks")


def test_a_view_names_columns_that_there_are_and_a_reduction_that_can_be() -> None:
    with pytest.raises(SpecError, match=r"no column 'prise'.*price"):
        ViewSpec("feed", "trades", "BTC", "prise")
    with pytest.raises(SpecError, match="'sum' needs a column"):
        ViewSpec("feed", "trades", "BTC", "price", reduction="sum")
    with pytest.raises(SpecError, match="'count' takes no column"):
        ViewSpec("feed", "trades", "BTC", "price", of="size")
    assert ViewSpec("feed", "trades", "BTC", "price", reduction="sum", of="size", by="side").by == "side"


@pytest.mark.parametrize(
    "look",
    [
        {"value": "symbol"},
        {"reduction": "max", "of": "side"},
        {"by": "price"},
        {"by": "side", "reduction": "any"},
        {"by": "side", "reduction": "max", "of": "size"},
        {"n_rows": 1},
        {"n_rows": 5_000},
    ],
)
def test_a_view_that_nothing_could_draw_is_refused(look: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        ViewSpec("feed", "trades", "BTC", **{"value": "price"} | look)


@pytest.mark.parametrize("period", ["1s", "5m"])
def test_bars_and_rows_name_a_kind_that_there_is(period: Period) -> None:
    assert BarsSpec("feed", "trades", "BTC", period).n_bars == 240
    with pytest.raises(SpecError, match="the kinds are"):
        BarsSpec("feed", "ticks", "BTC")
    with pytest.raises(SpecError, match="the kinds are"):
        RowsSpec("feed", "ticks", "BTC")


@pytest.mark.parametrize(
    "make",
    [
        lambda: BarsSpec("feed", "trades", "BTC", "7s"),  # type: ignore[arg-type]
        lambda: BarsSpec("feed", "trades", "BTC", n_bars=0),
        lambda: BarsSpec("feed", "trades", "BTC", n_bars=10**9),
        lambda: RowsSpec("feed", "trades", "BTC", 0),
        lambda: RowsSpec("feed", "trades", "BTC", 10**9),
    ],
)
def test_bars_and_rows_that_nobody_could_send_are_refused(make: Callable[[], View]) -> None:
    with pytest.raises(SpecError):
        make()
