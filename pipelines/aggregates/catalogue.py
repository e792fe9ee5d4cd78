"""Which aggregates there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipelines.aggregates.bars import Bars
from pipelines.aggregates.contract import Aggregate
from pipelines.aggregates.event_bars import EventBars
from pipelines.aggregates.last_values import LastValues
from pipelines.aggregates.rates import Rates
from pipelines.core.clock import parse_duration_ns
from pipelines.core.errors import SpecError
from pipelines.core.schema import Schema, schema_of
from pipelines.core.spec import AggregateSpec
from pipelines.core.url import nearest

__all__ = ["AGGREGATES", "make_aggregate"]


def _amount(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SpecError(f"{text!r} is no amount: write a number, such as 1000 or 1e6") from None


AGGREGATES: Final[dict[str, Callable[[Schema, str], Aggregate]]] = {
    "last": lambda schema, _: LastValues(schema),
    "rates": lambda schema, _: Rates(schema),
    "bars": lambda schema, period: Bars(schema, period_ns=parse_duration_ns(period)),
    "tick_bars": lambda schema, n_rows: EventBars(schema, of="rows", threshold=_amount(n_rows)),
    "volume_bars": lambda schema, volume: EventBars(schema, of="volume", threshold=_amount(volume)),
    "dollar_bars": lambda schema, turnover: EventBars(schema, of="turnover", threshold=_amount(turnover)),
}
"""Makers by the first part of the name. They are given the schema, and the part of the name behind the first dot."""

_PLAIN: Final = ("last", "rates")


def make_aggregate(spec: AggregateSpec) -> Aggregate:
    """Make the aggregate that `spec` names: ``last``, ``rates``, ``bars.1m``, ``tick_bars.100``, ``dollar_bars.1e6``.

    Raises
    ------
    SpecError
        Where there is none of that name, or what stands behind the dot is missing, too much or can't be read.
    """
    name, dot, argument = spec.name.partition(".")
    if name not in AGGREGATES:
        raise SpecError(f"unknown aggregate {spec.name!r}{nearest(name, AGGREGATES)}")
    if bool(dot) == (name in _PLAIN):
        raise SpecError(f"the aggregate {name!r} {'takes nothing' if dot else 'needs its length'} behind a dot")
    return AGGREGATES[name](schema_of(spec.kind), argument)
