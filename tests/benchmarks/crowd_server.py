"""A server of frames on a core of its own, as a program: answers questions of the crowd over a pipe."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from multiprocessing.connection import Connection
from typing import Any

from tornado.web import Application

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.handler import FramesHandler, process_hub
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.feed import Feed
from pipelines.live.feeds import SOURCE_VARIABLE, process_feeds

__all__ = ["digest", "serve"]

_SAMPLED = 17
"""Of so many generations, cells of one are remembered: a prime, since who gets each second never sees an even one."""


def digest(generation: int, first_column: int, codes: bytes, colours: bytes) -> str:
    """Return what is the same for equal pictures only."""
    return hashlib.sha256(f"{generation} {first_column} ".encode() + codes + colours).hexdigest()


def serve(port: int, source: str, n_views: int, pipe: Connection) -> None:
    """Serve until told to stop. First says which ticket to come with and what the views are called."""
    os.environ[SOURCE_VARIABLE] = source
    asyncio.run(_serve(port, n_views, pipe))


async def _serve(port: int, n_views: int, pipe: Connection) -> None:
    (feed,) = process_feeds()
    while feed.status().window_records.get("trades", 0) == 0 or not feed.status().warm:
        await asyncio.sleep(0.05)
    app = Application([(r"/frames", FramesHandler)])
    app.websocket_origins = {"*:*"}  # type: ignore[attr-defined]
    app.listen(port, "127.0.0.1", backlog=4_096)
    views = {f"view {i}": view for i, view in enumerate(_views(feed, n_views))}
    digests: dict[tuple[str, int], str] = {}
    sampler = asyncio.create_task(_sample({view: name for name, view in views.items()}, digests))
    pipe.send((process_tickets().mint(views), list(views)))
    while (question := await asyncio.to_thread(pipe.recv)) != "stop":
        pipe.send(_facts() if question == "facts" else digests)
    sampler.cancel()


def _views(feed: Feed, n_views: int) -> list[ViewSpec]:
    """Return pictures over a minute: of points, by side and lines in turn, of one symbol after the other."""
    looks: list[dict[str, Any]] = [{}, {"by": "side"}, {"glyph": "line", "reduction": "any"}]
    names = feed.dictionary.names
    return [
        ViewSpec(feed.name, "trades", names[i % len(names)], "price", 60 * NS_PER_SECOND, 1_200, 400, **looks[i % 3])
        for i in range(n_views)
    ]


async def _sample(names: dict[ViewSpec, str], digests: dict[tuple[str, int], str]) -> None:
    """Remember pictures, of now and then a generation."""
    while True:
        for view, channel in tuple(process_hub().channels.items()):
            frame, generation = channel.stream.frame, channel.generation
            key = (names.get(view, ""), generation)
            if frame is not None and generation % _SAMPLED == 0 and key not in digests:
                codes, colours = frame.codes.tobytes(), frame.colours.tobytes()
                digests[key] = digest(generation, frame.canvas.first_column, codes, colours)
        await asyncio.sleep(0.02)


def _facts() -> dict[str, Any]:
    counts = process_hub().counts.values()
    return {
        "wall_s": time.monotonic(),
        "cpu_s": time.process_time(),
        "n_viewers": len(process_hub()),
        "n_frames": sum(sum(count.n_frames.values()) for count in counts),
        "n_bytes": sum(count.n_bytes for count in counts),
        "n_dropped": sum(count.n_dropped for count in counts),
        "n_generations": [channel.generation for channel in process_hub().channels.values()],
    }
