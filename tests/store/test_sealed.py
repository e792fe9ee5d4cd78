from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.schema import TRADES
from pipelines.store import sealed as module
from pipelines.store.layout import Layout
from pipelines.store.sealed import SealedBlock, SealedSegments
from pipelines.store.segment import SEGMENT_PAGES, SEGMENT_ROWS, SealedSegment, seal
from tests.kernels import twins

SUMMARY_BYTES = 86 * 16 + 2 * 3 * 86 * 16


def segment_of(number: int, time: np.ndarray, price: np.ndarray) -> SealedSegment:
    """A segment whose size is its number."""
    layout = Layout(TRADES)
    memory = np.empty(SEGMENT_PAGES * layout.page_words, np.int64)
    columns = layout.columns(memory, SEGMENT_ROWS)
    columns["time"][:], columns["price"][:], columns["size"][:] = time, price, number
    return seal(layout, memory, number * SEGMENT_ROWS)


def small_segment(number: int) -> SealedSegment:
    """A segment of which only the number matters."""
    return segment_of(number, np.full(SEGMENT_ROWS, number), np.zeros(SEGMENT_ROWS))


def numbers(blocks: tuple[SealedBlock, ...]) -> list[int]:
    """Numbers of the segments, after a look at whether the summaries are theirs."""
    found = [segment.first_row // SEGMENT_ROWS for block in blocks for segment in block.segments]
    for block in blocks:
        mine = [segment.first_row // SEGMENT_ROWS for segment in block.segments]
        assert block.spans[:, 0].tolist() == block.bin_spans[:, 70, 1].tolist() == mine
        assert block.statistics[1, :, 1, 0].tolist() == block.bin_statistics[1, :, 1, 70, 0].tolist() == mine
        assert block.min_ns <= block.spans.min()
        assert block.max_ns >= block.spans.max()
        assert (block.first_row, block.end_row) == (block.segments[0].first_row, block.segments[-1].end_row)
    return found


def test_every_float_column_of_every_segment_has_a_pyramid_in_the_order_of_time() -> None:
    sealed = SealedSegments(TRADES)
    random = np.random.default_rng(0)
    times = random.integers(0, 500, (3, SEGMENT_ROWS))
    segments = [segment_of(number, time, random.normal(size=SEGMENT_ROWS)) for number, time in enumerate(times)]
    sealed.extend(segments)
    (block,) = sealed.blocks
    for number, segment in enumerate(segments):
        assert block.spans[number].tolist() == segment.time[[0, -1]].tolist()
        assert block.bin_spans[number, 1].tolist() == segment.time[[64, 127]].tolist()
        for column, name in enumerate(("price", "size")):
            expected = twins.pyramid(segment.columns[name])
            np.testing.assert_array_equal(block.bin_statistics[column, number], expected)
            np.testing.assert_array_equal(block.statistics[column, number], expected[:, -1])
    with pytest.raises(ValueError, match="read-only"):
        block.statistics[...] = 0


@given(st.lists(st.integers(1, 9) | st.integers(-9, -1), max_size=25))
def test_segments_come_at_the_end_and_leave_at_the_beginning(steps: list[int]) -> None:
    kept: list[int] = []
    n_appended = 0
    shown: list[tuple[tuple[SealedBlock, ...], list[int]]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_SEGMENTS", 8)
        sealed = SealedSegments(TRADES)
        for step in steps:
            added = list(range(n_appended, n_appended + max(step, 0)))
            sealed.extend(small_segment(number) for number in added)
            kept += added
            n_appended += len(added)
            for _ in range(min(-step, len(kept))):
                sealed.drop_first()
                kept.pop(0)
            shown.append((sealed.blocks, kept.copy()))
            assert all(len(block.segments) <= 8 for block in sealed.blocks)
            assert len(sealed.blocks) <= 2 + len(kept) // 4
            n_places = (sealed.n_bytes - len(kept) * small_segment(0).n_bytes) / SUMMARY_BYTES
            assert len(kept) <= n_places <= 3 * len(kept) + 2
            assert not kept or sealed.head_ns == kept[0]
    for blocks, expected in shown:
        assert numbers(blocks) == expected, "what was shown stays as it was"


def test_a_block_can_be_cut_where_a_reader_began() -> None:
    sealed = SealedSegments(TRADES)
    sealed.extend(small_segment(number) for number in range(4))
    sealed.drop_first()
    (block,) = sealed.blocks
    assert numbers((block.before(3 * SEGMENT_ROWS),)) == [1, 2]
    assert block.before(4 * SEGMENT_ROWS) is block
