from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.live.wire.figures import Figures, FiguresEncoder
from tests.live.wire.bars_and_rows import ShownFigures

NUMBERS = st.none() | st.floats(allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0])
FIGURES = st.builds(
    Figures,
    kind=st.sampled_from([None, "trades"]),
    value=NUMBERS,
    bid=NUMBERS,
    change=NUMBERS,
    newest=st.none() | st.integers(-(2**63), 2**63 - 1).map(str),
    skew=st.sampled_from(["0", "-5"]),
    word=st.text(max_size=3),
)


def shown_of(figures: Figures) -> dict[str, Any]:
    """Return what a viewer is to know: a number that is none is nothing."""
    known = msgspec.structs.asdict(figures)
    known |= {name: int(known[name]) for name in ("newest", "skew") if known[name] is not None}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in known.items()}


@given(st.lists(st.tuples(FIGURES, st.booleans()), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_whoever_gets_some_of_the_messages_has_the_newest_figures_to_the_bit(steps: list[tuple[Figures, bool]]) -> None:
    encoder, shown = FiguresEncoder(), ShownFigures()
    for figures, is_sent in steps:
        encoder.take(figures)
        joined = ShownFigures()
        for watcher in (shown, joined) if is_sent else (joined,):
            if watcher.generation < encoder.generation:
                for message in encoder.messages(watcher.generation):
                    watcher.apply(message)
            known = shown_of(figures)
            assert repr({name: watcher.figures[name] for name in known}) == repr(known)  # 0.0 is not -0.0


def test_what_did_not_change_is_not_told_again() -> None:
    encoder = FiguresEncoder()
    encoder.take(Figures(kind="trades", value=100.5, bid=math.nan, word="live"))
    encoder.take(Figures(kind="trades", value=100.75, bid=math.nan, word="live"))
    (delta,) = encoder.messages(1)
    assert delta[16:] == b'{"value":100.75}'


def test_figures_that_are_the_same_are_no_generation() -> None:
    encoder = FiguresEncoder()
    with pytest.raises(LookupError):
        encoder.messages(0)
    for _ in range(2):
        encoder.take(Figures(value=math.nan))
    assert encoder.generation == 1
