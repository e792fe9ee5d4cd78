"""How often a session draws."""

from __future__ import annotations

from pipelines.views.ticks.pace import Pace

MS = 1_000_000
PERIOD = 100 * MS


def run(pace: Pace, *, cost_ms: int, beats: int, other_work_ms: int = 0) -> tuple[int, int]:
    """Return frames drawn and milliseconds gone by."""
    now, n_frames = 0, 0
    for _ in range(beats):
        began = now
        if pace.beat(now):
            now += cost_ms * MS
            pace.drew(began, now)
            n_frames += 1
        now += max(PERIOD - (now - began), 0) + other_work_ms * MS
    return n_frames, now // MS


def test_a_cheap_frame_is_drawn_at_every_beat() -> None:
    assert run(Pace(PERIOD), cost_ms=10, beats=50)[0] == 50


def test_a_dear_frame_leaves_half_of_the_time() -> None:
    n_frames, gone_ms = run(Pace(PERIOD), cost_ms=300, beats=100)
    assert n_frames * 300 <= 0.52 * gone_ms


def test_a_loop_that_is_behind_gets_fewer_frames_and_recovers() -> None:
    pace = Pace(PERIOD)
    n_frames, gone_ms = run(pace, cost_ms=10, beats=100, other_work_ms=250)
    assert n_frames <= 0.5 * 100
    assert pace.interval_ns == 10 * PERIOD
    run_on, now = 0, gone_ms * MS
    for _ in range(60):
        now += PERIOD
        run_on += pace.beat(now)
    assert pace.interval_ns == PERIOD
    assert run_on > 30
