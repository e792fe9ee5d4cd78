from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.runs import EMPTY, EQUAL, LITERAL, encode_columns, most_bytes

cells = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 255]), st.integers(1, 200)), min_size=1, max_size=30)


def told(data: bytes, n_columns: int, n_rows: int) -> dict[int, list[int]]:
    """Read columns back, in plain Python."""
    columns: dict[int, list[int]] = {}
    place, column = 0, 0

    def number() -> int:
        nonlocal place
        digits = []
        while True:
            place += 1
            digits.append(data[place - 1] & 127)
            if data[place - 1] < 128:
                return sum(digit << (7 * i) for i, digit in enumerate(digits))

    for _ in range(n_columns):
        column += number()
        rows: list[int] = []
        while len(rows) < n_rows:
            token = number()
            if token & 3 == EMPTY:
                rows += [0] * (token >> 2)
            elif token & 3 == LITERAL:
                rows += data[place : place + (token >> 2)]
                place += token >> 2
            else:
                assert token & 3 == EQUAL
                rows += [data[place]] * (token >> 2)
                place += 1
        columns[column] = rows
        column += 1
    assert place == len(data)
    return columns


@given(st.lists(cells, min_size=1, max_size=5), st.data())
def test_columns_are_told_whole_and_in_no_more_bytes_than_there_is_room_for(
    drawn: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    columns = [np.concatenate([np.full(n, code, np.uint8) for code, n in runs]) for runs in drawn]
    n_rows = max(map(len, columns))
    codes = np.stack([np.pad(column, (0, n_rows - len(column))) for column in columns])
    wanted = sorted(data.draw(st.sets(st.integers(0, len(codes) - 1))))
    out = np.empty(most_bytes(len(wanted), n_rows), np.uint8)
    n_bytes = encode_columns(codes, np.array(wanted, np.int64), out)
    assert n_bytes <= len(out)
    read = told(out[:n_bytes].tobytes(), len(wanted), n_rows)
    assert read == {column: codes[column].tolist() for column in wanted}


def test_the_worst_that_there_is_fits_into_the_room() -> None:
    codes = np.tile(np.array([1, 1, 1, 1, 2], np.uint8), 100)[np.newaxis]
    out = np.empty(most_bytes(1, codes.shape[1]), np.uint8)
    assert encode_columns(codes, np.zeros(1, np.int64), out) == 1 + 400


def test_an_empty_column_takes_three_bytes_at_most() -> None:
    out = np.empty(most_bytes(1, 400), np.uint8)
    assert encode_columns(np.zeros((1, 400), np.uint8), np.zeros(1, np.int64), out) <= 3
