from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.ledger import KindCounts
from pipelines.live.frames.frame import Frame
from pipelines.live.wire.encoder import FrameEncoder
from pipelines.live.wire.parts import is_keyframe
from tests.live.wire.hand_frames import CANVAS, first_frame, next_frame
from tests.live.wire.picture import Picture

COUNTS = KindCounts(received=10, stored=6, duplicate=1, late=2, rejected=1)


def is_shown(picture: Picture, frame: Frame) -> bool:
    return (
        np.array_equal(picture.codes, frame.codes)
        and np.array_equal(picture.colours, frame.colours)
        and picture.first_column == frame.canvas.first_column
        and picture.column_log2 == frame.canvas.column_log2
        and picture.y_range == frame.canvas.y_range
        and picture.shown == frame.value_range
        and picture.progress == np.float32(frame.progress)
        and picture.newest_ns == frame.newest_ns
        and picture.rendered_ns == frame.rendered_ns
    )


def receive(picture: Picture, messages: tuple[bytes, ...]) -> None:
    for message in messages:
        picture.apply(message)


def noise(seed: int, shape: tuple[int, ...], n_codes: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, n_codes, shape).astype(np.uint8)


@st.composite
def stories(draw: st.DrawFn) -> list[Frame]:
    """Frames as a view may publish them: scrolling, recoloured, laid out otherwise."""
    n_codes = draw(st.sampled_from([2, 3, 256]))
    canvas = replace(CANVAS, n_columns=draw(st.sampled_from([1, 2, 20])), n_rows=draw(st.sampled_from([2, 3, 130])))
    shape = (canvas.n_columns, canvas.n_rows)
    frames = [first_frame(noise(draw(st.integers(0, 99)), shape, n_codes), canvas=canvas)]
    for step in range(draw(st.integers(1, 12))):
        before = frames[-1]
        columns = draw(st.sets(st.integers(0, canvas.n_columns - 1), max_size=5))
        frame = next_frame(
            before,
            {column: noise(step + column, shape[1:], n_codes) for column in columns},
            n_scrolled=draw(st.sampled_from([0, 0, 1, 2, 25])),
            newest_ns=draw(st.sampled_from([None, -5, 10**18])),
            rendered_ns=step,
            progress=draw(st.sampled_from([1.0, 0.25])),
        )
        what = draw(st.sampled_from(["same", "same", "colours", "shown", "layout"]))
        if what == "colours":
            frame = replace(frame, colours=noise(step, (256, 4), 256))
        elif what == "shown":
            frame = replace(frame, value_range=(float(step), step + 0.5))
        elif what == "layout":
            canvas = replace(frame.canvas, level=step)
            generations = np.full(canvas.n_columns, frame.generation)
            frame = replace(frame, canvas=canvas, codes=noise(step, shape, n_codes), generations=generations)
        frames.append(frame)
    return frames


@given(stories(), st.lists(st.booleans(), min_size=13, max_size=13))
@settings(max_examples=120, deadline=None)
def test_whoever_gets_some_of_the_messages_sees_the_frame_after_each(frames: list[Frame], got: list[bool]) -> None:
    encoder, picture = FrameEncoder(), Picture()
    for frame, is_sent in zip(frames, got, strict=False):
        encoder.take(frame, COUNTS, skew_ns=-3)
        if is_sent:
            receive(picture, encoder.messages(picture.generation))
            assert is_shown(picture, frame)
            assert picture.generation == encoder.generation
            assert (picture.skew_ns, picture.ledger) == (-3, (10, 6, 1, 2, 1))


@given(stories())
@settings(max_examples=60, deadline=None)
def test_who_joins_at_any_time_sees_the_frame(frames: list[Frame]) -> None:
    encoder = FrameEncoder()
    for frame in frames:
        encoder.take(frame, COUNTS, skew_ns=0)
        picture = Picture()
        receive(picture, encoder.messages(0))
        assert is_shown(picture, frame)


def test_a_delta_costs_the_columns_that_changed() -> None:
    encoder = FrameEncoder()
    frame = first_frame(noise(1, (20, 13), 256))
    encoder.take(frame, COUNTS, skew_ns=0)
    changes = {19: np.arange(13, dtype=np.uint8)}
    encoder.take(next_frame(frame, changes, n_scrolled=1), COUNTS, skew_ns=0)
    (delta,) = encoder.messages(1)
    assert not is_keyframe(delta)
    assert len(delta) < 90


def test_messages_are_made_once_for_all_at_one_generation() -> None:
    encoder = FrameEncoder()
    frame = first_frame()
    encoder.take(frame, COUNTS, skew_ns=0)
    encoder.take(next_frame(frame, {3: 1}), COUNTS, skew_ns=0)
    assert encoder.messages(1)[0] is encoder.messages(1)[0]
    assert encoder.messages(0)[0] is encoder.messages(0)[0]


def test_who_joins_soon_after_another_gets_the_same_keyframe_and_what_changed_since() -> None:
    encoder = FrameEncoder()
    frame = first_frame(noise(1, (20, 13), 256))
    encoder.take(frame, COUNTS, skew_ns=0)
    (keyframe,) = encoder.messages(0)
    frame = next_frame(frame, {3: 1})
    encoder.take(frame, COUNTS, skew_ns=0)
    again, delta = encoder.messages(0)
    assert again is keyframe
    assert not is_keyframe(delta)


def test_where_nearly_all_has_changed_a_keyframe_is_sent_because_it_is_smaller() -> None:
    canvas = replace(CANVAS, n_columns=300, n_rows=400)
    frame = first_frame(canvas=canvas)
    encoder = FrameEncoder()
    encoder.take(frame, COUNTS, skew_ns=0)
    codes = np.tile(np.array([1, 2], np.uint8), 200)
    encoder.take(next_frame(frame, dict.fromkeys(range(300), codes)), COUNTS, skew_ns=0)
    (message,) = encoder.messages(1)
    assert is_keyframe(message)
    assert len(message) < 5_000


def test_a_beat_tells_the_time_and_the_counts_and_no_columns() -> None:
    encoder, picture = FrameEncoder(), Picture()
    frame = first_frame(noise(1, (20, 13), 256))
    encoder.take(frame, KindCounts(), skew_ns=0)
    receive(picture, encoder.messages(0))
    encoder.take(frame, COUNTS, skew_ns=9)
    (beat,) = encoder.messages(1)
    assert len(beat) < 120
    picture.apply(beat)
    assert (picture.skew_ns, picture.ledger) == (9, (10, 6, 1, 2, 1))
    assert is_shown(picture, frame)


def test_before_the_first_frame_there_is_nothing_to_send() -> None:
    with pytest.raises(LookupError):
        FrameEncoder().messages(0)
