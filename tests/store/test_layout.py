from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.schema import KINDS, Schema
from pipelines.kernels.pages import PAGE_ROWS
from pipelines.store.layout import Layout
from pipelines.store.segment import summarised_columns


@pytest.mark.parametrize("schema", KINDS.values(), ids=KINDS)
def test_columns_lie_one_after_the_other_without_a_gap(schema: Schema) -> None:
    layout = Layout(schema)
    memory = np.zeros(3 * layout.page_words, np.int64)
    columns = layout.columns(memory, 3 * PAGE_ROWS)
    assert {name: column.dtype for name, column in columns.items()} == {
        column.name: column.dtype for column in schema.columns if column.name != schema.key
    }
    for column in columns.values():
        assert not column.any(), "shared with no other"
        column[:] = 1
    wide_first = sorted(columns.values(), key=lambda column: -column.itemsize)
    assert memory.tobytes() == b"".join(column.tobytes() for column in wide_first)
    assert layout.row_bytes * 3 * PAGE_ROWS == memory.nbytes


@pytest.mark.parametrize("schema", KINDS.values(), ids=KINDS)
def test_wide_columns_are_time_and_behind_it_what_is_summarised(schema: Schema) -> None:
    layout = Layout(schema)
    memory = np.random.default_rng(1).integers(0, 1_000, 2 * layout.page_words)
    columns, wide = layout.columns(memory, 2 * PAGE_ROWS), layout.wide(memory)
    assert wide.shape == (layout.n_wide, 2 * PAGE_ROWS)
    for row, name in zip(wide, ("time", *summarised_columns(schema)), strict=True):
        assert np.shares_memory(row, columns[name])
        assert row.tobytes() == columns[name].tobytes()


def test_fewer_rows_than_pages_have_room_for_are_the_first_of_each_column() -> None:
    layout = Layout(KINDS["trades"])
    memory = np.random.default_rng(2).integers(0, 1_000, 2 * layout.page_words)
    whole, some = layout.columns(memory, 2 * PAGE_ROWS), layout.columns(memory, 70)
    assert all(some[name].tobytes() == whole[name][:70].tobytes() for name in whole)


def test_no_pages_have_columns_without_rows() -> None:
    columns = Layout(KINDS["trades"]).columns(np.empty(0, np.int64), 0)
    assert [len(column) for column in columns.values()] == [0] * 4
