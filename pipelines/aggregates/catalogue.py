"""Which aggregates there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipelines.aggregates.contract import Aggregate
from pipelines.aggregates.last_values import LastValues
from pipelines.aggregates.rates import Rates
from pipelines.core.errors import SpecError
from pipelines.core.schema import schema_of
from pipelines.core.spec import AggregateSpec
from pipelines.core.url import nearest

__all__ = ["AGGREGATES", "make_aggregate"]

AGGREGATES: Final[dict[str, Callable[..., Aggregate]]] = {"last": LastValues, "rates": Rates}


def make_aggregate(spec: AggregateSpec) -> Aggregate:
    """Make the aggregate that `spec` names; raises `SpecError` where there is none of that name."""
    if spec.name not in AGGREGATES:
        raise SpecError(f"unknown aggregate {spec.name!r}{nearest(spec.name, AGGREGATES)}")
    return AGGREGATES[spec.name](schema_of(spec.kind))
