from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.core.url import SourceSpec
from pipelines.sources.paced import PacedSource
from pipelines.sources.recording import TimedPayload
from tests.sources.reading import take, wait_for_state
from tests.waiting import wait_until

Payloads = Callable[[], Iterator[TimedPayload]]

T0 = 1_723_075_200_000_000_000


def timed(n_payloads: int, *, apart_s: float = 1.0) -> Payloads:
    return lambda: iter([(T0 + round(apart_s * NS_PER_SECOND) * i, b"%d" % i) for i in range(n_payloads)])


def paced(request: pytest.FixtureRequest, payloads: Payloads, **options: Any) -> PacedSource:
    source = PacedSource(SourceSpec("file", path="/recording", name="recording"), payloads, **options)
    request.addfinalizer(source.stop)
    return source


def n_put(source: PacedSource) -> int:
    return source.queue.statistics().n_put


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_payloads_come_at_the_recorded_pace_times_the_speed(
    request: pytest.FixtureRequest, speed: float, seconds: float
) -> None:
    clock = ManualClock(5 * T0)
    source = paced(request, timed(3), clock=clock, speed=speed)
    source.start()
    wait_until(lambda: n_put(source) == 1)
    clock.advance(seconds=seconds, ns=-1)
    assert source.queue.take(max_messages=9, timeout_s=0)
    assert not source.queue.take(max_messages=9, timeout_s=0.25)
    clock.advance(ns=1)
    wait_until(lambda: n_put(source) == 2)
    clock.advance(seconds=seconds)
    wait_for_state(source, "ended")


def test_speed_0_does_not_wait(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(100, apart_s=1e6), clock=ManualClock(), speed=0)
    source.start()
    assert [m.payload for m in take(source, 100)] == [b"%d" % i for i in range(100)]
    wait_for_state(source, "ended")
    assert "100 messages" in source.status().detail


def test_payloads_that_name_no_time_are_due_at_once(request: pytest.FixtureRequest) -> None:
    source = paced(request, lambda: iter([(None, b"a"), (None, b"b")]), clock=ManualClock())
    source.start()
    assert [m.payload for m in take(source, 2)] == [b"a", b"b"]


def test_a_stop_does_not_wait_for_the_pace(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(2, apart_s=1e6))
    source.start()
    take(source, 1)
    stopper = threading.Thread(target=source.stop, daemon=True)
    stopper.start()
    stopper.join(10)
    assert not stopper.is_alive()
    assert source.status().state == "stopped"


def test_recorded_messages_keep_the_clock_by_which_they_were_received(request: pytest.FixtureRequest) -> None:
    recorded = paced(request, timed(2), speed=0, recorded=True)
    recorded.start()
    assert [m.received_ns for m in take(recorded, 2)] == [T0, T0 + NS_PER_SECOND]
    simulated = paced(request, timed(2), clock=ManualClock(7), speed=0)
    simulated.start()
    assert [m.received_ns for m in take(simulated, 2)] == [7, 7]


def test_a_loop_begins_again_and_offsets_count_on(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(3), speed=0, loop=True, recorded=True)
    source.start()
    messages = take(source, 8)
    assert [m.payload for m in messages] == [b"0", b"1", b"2"] * 2 + [b"0", b"1"]
    assert [m.position.offset for m in messages] == list(range(8))


def test_a_loop_resumes_after_the_last_released_position(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(3), speed=0, loop=True, recorded=True)
    source.start()
    source.release([m.position for m in take(source, 8)])
    source.stop()
    source.start()
    messages = take(source, 2)
    assert [(m.position.offset, m.payload) for m in messages] == [(8, b"2"), (9, b"0")]


def test_a_loop_over_nothing_ends(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(0), loop=True)
    source.start()
    wait_for_state(source, "ended")


def test_what_is_not_recorded_starts_anew_with_offsets_that_count_on(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(3), speed=0)
    source.start()
    take(source, 3)
    source.stop()
    source.start()
    assert [(m.position.offset, m.payload) for m in take(source, 3)] == [(3, b"0"), (4, b"1"), (5, b"2")]


def test_an_iterator_that_fails_is_a_failed_source_and_no_traceback_on_the_screen(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    def payloads() -> Iterator[TimedPayload]:
        yield None, b"a"
        raise ZeroDivisionError("a bug")

    source = paced(request, payloads)
    source.start()
    wait_for_state(source, "failed")
    assert source.status().detail == "ZeroDivisionError: a bug"
    assert [m.payload for m in take(source, 1)] == [b"a"]
    assert "source recording failed" in caplog.text


def test_a_started_source_that_has_ended_keeps_what_nobody_took_yet(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(3), speed=0)
    source.start()
    wait_for_state(source, "ended")
    source.start()
    assert len(take(source, 3)) == 3


def recording(request: pytest.FixtureRequest, payloads: Payloads, **options: Any) -> PacedSource:
    return paced(request, payloads, speed=0, recorded=True, **options)


def test_a_recording_that_has_ended_does_not_come_again_after_a_restart(request: pytest.FixtureRequest) -> None:
    source = recording(request, timed(5))
    source.start()
    source.release([message.position for message in take(source, 5)])
    wait_for_state(source, "ended")
    source.stop()
    source.start()
    wait_for_state(source, "ended")
    assert n_put(source) == 5


def test_an_empty_recording_may_be_restarted(request: pytest.FixtureRequest) -> None:
    source = recording(request, timed(0), loop=True)
    for _ in range(2):
        source.start()
        wait_for_state(source, "ended")
        source.stop()


def test_a_long_gap_in_the_receive_clock_is_told(request: pytest.FixtureRequest) -> None:
    source = paced(request, timed(2, apart_s=7_200), clock=ManualClock(T0))
    source.start()
    wait_until(lambda: "due in 7,200 s" in source.status().detail)
    assert source.status().state == "connected"


def test_another_state_is_logged_with_its_reason_and_once(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    source = recording(request, timed(3))
    source.start()
    wait_for_state(source, "ended")
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(": ")[0] for line in lines] == ["source recording is connected", "source recording is ended"]
