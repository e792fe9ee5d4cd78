"""A recording is replayed as it was."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path

import pytest

from pipelines.core.errors import SourceError
from pipelines.demo.replay import recorded

RECEIVED_NS = 1_723_161_255_000_000_000


def recording(path: Path, *times_ms: int, first: int = 0) -> Path:
    lines = [f'{RECEIVED_NS + ms * 1_000_000} {{"n": {first + n}}}\n' for n, ms in enumerate(times_ms)]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return path


def test_messages_leave_without_their_receive_clock_and_keep_its_distances(tmp_path: Path) -> None:
    messages = list(recorded([recording(tmp_path / "a.gz", 0, 40, 90)], topic="desk/raw"))
    assert [message.payload for message in messages] == [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}']
    assert [message.due_ns for message in messages] == [0, 40_000_000, 90_000_000]
    assert {message.topic for message in messages} == {"desk/raw"}


def test_files_follow_each_other_without_the_time_between_them(tmp_path: Path) -> None:
    day = recording(tmp_path / "day.gz", 0, 100, 60)
    next_day = recording(tmp_path / "next_day.gz", 86_400_000, 86_400_020, first=3)
    messages = list(recorded([day, next_day], topic="t"))
    assert [message.due_ns for message in messages] == [ms * 1_000_000 for ms in (0, 100, 60, 100, 120)]
    assert [message.payload for message in messages] == [b'{"n": %d}' % n for n in range(5)]


def test_a_loop_begins_again_and_goes_on_in_time(tmp_path: Path) -> None:
    looped = recorded([recording(tmp_path / "a.gz", 0, 50)], topic="t", loop=True)
    assert [message.due_ns for message in islice(looped, 5)] == [ms * 1_000_000 for ms in (0, 50, 50, 100, 100)]


def test_a_loop_over_nothing_ends(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n\n")
    assert list(recorded([tmp_path / "empty"], topic="t", loop=True)) == []


def test_lines_without_a_clock_are_due_at_once(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b'{"n": 0}\n{"n": 1}\n')
    assert [message.due_ns for message in recorded([tmp_path / "plain"], topic="t")] == [None, None]


def test_a_damaged_file_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.gz", *range(5_000))
    path.write_bytes(path.read_bytes()[:-200])
    messages = recorded([path], topic="t")
    assert next(messages).payload == b'{"n": 0}'
    with pytest.raises(SourceError, match="cut off"):
        list(messages)
