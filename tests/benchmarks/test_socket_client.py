from __future__ import annotations

import pytest

from pipelines.live.broadcast.socket import framed
from tests.benchmarks.socket_client import masked, next_message

BINARY, TEXT = 2, 1


@pytest.mark.parametrize("n_bytes", [0, 1, 125, 126, 65_535, 65_536])
def test_a_message_is_read_whatever_its_length(n_bytes: int) -> None:
    message = bytes(range(256)) * (n_bytes // 256 + 1)
    received = bytearray(framed(message[:n_bytes]) + b"next")
    assert next_message(received) == (BINARY, message[:n_bytes])
    assert received == b"next"


@pytest.mark.parametrize("n_bytes", [5, 300, 70_000])
def test_a_message_is_waited_for_until_it_is_whole(n_bytes: int) -> None:
    frame = framed(b"x" * n_bytes)
    for n_come in (0, 1, 2, 3, len(frame) - 1):
        received = bytearray(frame[:n_come])
        assert next_message(received) is None
        assert received == frame[:n_come]


@pytest.mark.parametrize("n_bytes", [0, 1, 125, 126, 4_000])
def test_what_a_client_says_is_masked(n_bytes: int) -> None:
    text = b"0123456789" * 400
    frame = masked(text[:n_bytes])
    assert (frame[0], frame[1] & 128) == (0x80 | TEXT, 128)
    assert (frame[1] & 127 if n_bytes < 126 else int.from_bytes(frame[2:4], "big")) == n_bytes
    start = 2 if n_bytes < 126 else 4
    mask = frame[start : start + 4]
    assert bytes(byte ^ mask[i % 4] for i, byte in enumerate(frame[start + 4 :])) == text[:n_bytes]
