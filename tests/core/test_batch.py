from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.batch import Batch
from pipelines.core.schema import READINGS, TRADES
from tests.batches import readings


def test_columns_of_a_batch_are_read_only() -> None:
    time = np.arange(3, dtype=np.int64)
    batch = readings(time)
    with pytest.raises(ValueError, match="read-only"):
        batch.time[0] = 9
    time[0] = 7  # the caller's own array stays writable
    with pytest.raises(TypeError):
        batch.columns["time"] = time  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("value", np.zeros(3, dtype=np.float32)),
        ("value", np.zeros(2)),
        ("time", np.zeros(3, dtype="datetime64[ns]")),
        ("lat", None),
    ],
)
def test_a_column_that_does_not_fit_the_schema_is_named(name: str, array: np.ndarray | None) -> None:
    columns = {**readings(np.arange(3)).columns, name: array}
    with pytest.raises(ValueError, match=rf"readings\.\w+ must be .*\[\d\]|readings\.{name}"):
        Batch(READINGS, columns)  # type: ignore[arg-type]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"trades\.symbol must be int32\[1\], not nothing"):
        Batch(TRADES, {"time": np.zeros(1, dtype=np.int64)})


def test_selecting_and_joining_keep_rows_and_identities() -> None:
    batch = readings(np.arange(6), identity=np.arange(6) * 10)
    odd = batch.select(batch.time % 2 == 1)
    even = batch.select(batch.time % 2 == 0)
    joined = Batch.concatenate([even, odd])
    assert joined.time.tolist() == [0, 2, 4, 1, 3, 5]
    assert joined.identity is not None
    assert joined.identity.tolist() == [0, 20, 40, 10, 30, 50]


def test_an_identity_survives_a_join_only_where_every_part_has_one() -> None:
    with_identity = readings(np.arange(2), identity=np.arange(2))
    assert Batch.concatenate([with_identity, readings(np.arange(2))]).identity is None
