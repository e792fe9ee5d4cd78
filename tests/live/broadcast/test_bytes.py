"""How large what is sent is, for the largest screens: far smaller than pixels."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from tests.live.broadcast.hand_hub import Client, HandHub
from tests.live.hand_feed import NOON_NS, HandFeed

CAP_BYTES: Final = 256 << 10
"""What may be under way to a client at a time."""

N_FRAMES: Final = 60
SCREEN: Final[dict[str, Any]] = {"n_columns": 2_400, "n_rows": 2_160}
"""As many rows as a 4K screen has, and the finest class of columns."""

LOOKS: Final[dict[str, dict[str, Any]]] = {
    "points": {},
    "side": {"by": "side"},
    "line": {"glyph": "line", "reduction": "any"},
}


def walk(random: np.random.Generator, n_rows: int, price: float) -> np.ndarray:
    """Prices of a market: they go by a tick or a few."""
    return (price + np.cumsum(random.normal(0, 2, n_rows).round()) / 100).round(2)


def noise(random: np.random.Generator, n_rows: int, _: float) -> np.ndarray:
    """Prices that fill each column from bottom to top."""
    return 100.0 + random.integers(0, 2_000, n_rows) / 100


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("prices", [walk, noise])
def test_on_a_4k_screen_a_keyframe_is_below_the_cap_and_live_frames_are_no_hundredth_of_its_pixels(
    look: str, prices: Any
) -> None:
    view = ViewSpec("feed", "trades", "BTC", "price", **SCREEN, **LOOKS[look])
    random, feed = np.random.default_rng(1), HandFeed()
    past = prices(random, 200_000, 60_000.0)
    times_ns = np.sort(NOON_NS - random.integers(0, 60 * NS_PER_SECOND, len(past)))
    feed.add(times_ns, past, side=np.sign(random.integers(-3, 6, len(past))))
    hub = HandHub(feed)
    client = Client(hub, views={"ticks": view})
    client.watch(columns=SCREEN["n_columns"])
    stream: Any = hub.channels[view].stream
    n_cells = stream.frame.codes.size
    (keyframe,) = client.messages
    assert n_cells > 1_000_000
    assert len(keyframe) < CAP_BYTES
    for _ in range(N_FRAMES):
        now_ns = feed.clock.now_ns()
        times_ns = np.sort(now_ns + random.integers(0, NS_PER_SECOND // 30, 3_000))
        new = prices(random, len(times_ns), float(past[-1]))
        hub.step(time_ns=times_ns, price=new, side=1)
        client.paint()
        past = new
    live = [len(message) for message in client.messages[1:]]
    assert len(live) >= N_FRAMES
    assert median(live) < 3_000
    assert max(live) < 4 * n_cells / 100
