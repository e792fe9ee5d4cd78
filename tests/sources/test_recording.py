from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import SourceError
from pipelines.sources import recording
from pipelines.sources.recording import read_recording

T0 = 1_723_075_200_000_000_000
LINES = [(T0 + 1_000 * i, b'{"e":"trade","t":%d}' % i) for i in range(1_000)]
TEXT = b"".join(b"%d %s\n" % line for line in LINES)


def write(folder: Path, content: bytes, name: str = "recording") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_what_can_be(path: Path) -> tuple[list[tuple[int | None, bytes]], str]:
    read: list[tuple[int | None, bytes]] = []
    try:
        read.extend(read_recording(path))
    except SourceError as error:
        return read, str(error)
    return read, ""


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT)], ids=["plain", "gzip"])
def test_a_line_is_a_receive_clock_and_a_message(tmp_path: Path, content: bytes) -> None:
    assert list(read_recording(write(tmp_path, content))) == LINES


def test_a_recorded_stream_reads_to_its_end(recordings: Path) -> None:
    read = list(read_recording(recordings / "binance" / "usdm" / "btcusdt_20240808.gz"))
    assert len(read) > 10_000
    assert all(due_ns is not None and payload.startswith(b"{") for due_ns, payload in read)


def test_lines_without_a_clock_are_due_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"price": 1}\n{"price": 2}\n')
    assert list(read_recording(path)) == [(None, b'{"price": 1}'), (None, b'{"price": 2}')]


def test_a_bad_line_is_handed_on_to_be_judged_by_the_decoder(tmp_path: Path) -> None:
    path = write(tmp_path, b"%d {}\n\n17230\nnonsense\n12 34\n%d {}\r\n" % (T0, T0 + 1))
    assert list(read_recording(path)) == [
        (T0, b"{}"),
        (None, b"17230"),
        (None, b"nonsense"),
        (None, b"12 34"),
        (T0 + 1, b"{}"),
    ]


@given(cut=st.integers(min_value=20))
def test_a_torn_gzip_gives_its_whole_messages_and_then_says_that_it_is_torn(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    whole = gzip.compress(TEXT)
    path = write(tmp_path_factory.mktemp("torn"), whole[: cut % (len(whole) - 20) + 20])
    read, error = read_what_can_be(path)
    assert read == LINES[: len(read)]
    assert f"cut off after {len(read):,} messages" in error


def test_a_damaged_gzip_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(TEXT))
    whole[len(whole) // 2] ^= 0xFF
    whole[-6] ^= 0xFF
    path = write(tmp_path, bytes(whole))
    _, error = read_what_can_be(path)
    assert error.startswith(f"{path} is damaged after")


def test_a_missing_file_or_a_folder_is_an_error_that_says_so(tmp_path: Path) -> None:
    assert "No such file" in read_what_can_be(tmp_path / "none.gz")[1]
    assert "directory" in read_what_can_be(tmp_path)[1]


def test_a_file_without_line_ends_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_LINE_BYTES", 1 << 20)
    path = write(tmp_path, b"{}\n" + b"x" * (3 << 20))
    read, error = read_what_can_be(path)
    assert read == [(None, b"{}")]
    assert "a line of more than 1 MiB" in error


@given(content=st.binary(max_size=200))
def test_hostile_bytes_never_raise_anything_but_a_source_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for hostile in (content, b"\x1f\x8b" + content, gzip.compress(content)):
        read_what_can_be(write(tmp_path_factory.mktemp("hostile"), hostile))
