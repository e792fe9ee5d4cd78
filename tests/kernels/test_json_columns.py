from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.json_columns import FLOATS, FLOATS_OR_NULL, NAMES, NO_ROWS, TOKENS, WHOLES, read_columns

FIELDS = {
    "time": (WHOLES, 0),
    "price": (FLOATS, 0),
    "lat": (FLOATS_OR_NULL, 1),
    "name": (NAMES, 0),
    "side": (TOKENS, 1),
}
MOST_ROWS = 5

DECIMALS = st.integers(-(10**12), 10**12).map(lambda number: number / 1e6)
GOOD: dict[str, Any] = {
    "time": st.integers(-(2**63) + 1, 2**63 - 1),
    "price": DECIMALS | st.integers(-9, 9),
    "lat": DECIMALS | st.none(),
    "name": st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc"]), max_size=4),
    "side": st.sampled_from(["buy", 1, -1, None]),
}


def read(text: bytes) -> dict[str, list[Any]] | None:
    """Return the columns that the kernel reads, in Python's values; None where it reads none."""
    wholes, floats = np.zeros((1, MOST_ROWS), np.int64), np.zeros((2, MOST_ROWS))
    texts, found = np.zeros((2, MOST_ROWS, 2), np.uint64), np.ones(len(FIELDS), np.bool_)
    names = np.frombuffer("".join(FIELDS).encode(), np.uint8)
    ends, places = np.cumsum([len(name) for name in FIELDS]), np.array(list(FIELDS.values()))
    n_rows = read_columns(np.frombuffer(text, np.uint8), names, ends, places, wholes, floats, texts, found)
    if n_rows == NO_ROWS:
        return None
    columns: dict[str, list[Any]] = {}
    for (name, (kind, row)), there in zip(FIELDS.items(), found.tolist(), strict=True):
        if there and kind == WHOLES:
            columns[name] = wholes[row, :n_rows].tolist()
        elif there and kind in (FLOATS, FLOATS_OR_NULL):
            columns[name] = [None if value != value else value for value in floats[row, :n_rows].tolist()]
        elif there:
            padding = b'"' if kind == NAMES else b","
            values = [words.tobytes().rstrip(padding) for words in texts[row, :n_rows]]
            columns[name] = [value.decode() if kind == NAMES else json.loads(value) for value in values]
    return columns


@given(data=st.data(), n_rows=st.integers(1, MOST_ROWS))
def test_columns_are_read_as_python_reads_them(data: st.DataObject, n_rows: int) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, min_size=1))
    columns = {name: data.draw(st.lists(GOOD[name], min_size=n_rows, max_size=n_rows)) for name in chosen}
    separators = data.draw(st.sampled_from([(",", ":"), (", ", ": "), (",\n\t", " :\r\n")]))
    assert read(json.dumps(columns, separators=separators, ensure_ascii=False).encode()) == columns


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"}",
        b"{}",
        b"[]",
        b'{"time":[1]',
        b'{"time":[1]}}',
        b'{"time":[1]} ',
        b'{"time":[]}',
        b'{"time":1}',
        b'{"time":[1,]}',
        b'{"time":[1 2]}',
        b'{"time":[1.5]}',
        b'{"time":[1],}',
        b'{"time":[1]"price":[1]}',
        b'{"time":[1],"time":[1]}',
        b'{"time":[1],"price":[1,2]}',
        b'{"time":[1],"other":[1]}',
        b'{"tim":[1]}',
        b'{"time',
        b'{"time}',
        b'{"price":[null]}',
        b'{"lat":[nul]}',
        b'{"lat":[nulL]}',
        b'{"lat":[n}',
        b'{"name":[null]}',
        b'{"name":["a"b]}',
        b'{"name":["seventeen letters"]}',
        b'{"name":["abc}',
        b'{"time":[1,2,3,4,5,6]}',
        b"{time:[1]}",
        b'{"time":[-]}',
        b'{"time":[}',
        b'{"price":[1.}',
        b'{"price":[1e}',
    ],
)
def test_what_is_no_object_of_known_flat_columns_of_one_length_is_left(text: bytes) -> None:
    assert read(text) is None


@given(data=st.data())
def test_no_bytes_are_read_otherwise_than_python_reads_them(data: st.DataObject) -> None:
    good = b'{"time":[1,-2],"price":[0.5, 1e3],"lat":[null,7],"name":["ab","c"],"side":[-1,"buy"]}'
    first, last = (data.draw(st.integers(0, len(good))) for _ in range(2))
    inserted = data.draw(st.binary(max_size=3) | st.sampled_from([b",", b"]", b"0", b'"', b"\n", b"}", b"-", b"1e"]))
    text = good[:first] + inserted + good[last:]
    columns = read_or_none(text)
    if columns is not None:
        assert columns == json.loads(text.decode(errors="replace"), strict=False)


def read_or_none(text: bytes) -> dict[str, list[Any]] | None:
    """Return what `read` does, and None for texts that it leaves to the caller to reject."""
    try:
        return read(text)
    except ValueError:
        return None
