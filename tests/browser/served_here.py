"""Pages served by a thread of this process, so that a test can reach into what serves them."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import panel as pn
from tornado.ioloop import PeriodicCallback

from pipelines.live.broadcast.handler import FramesHandler
from pipelines.live.broadcast.hub import Hub
from pipelines.live.broadcast.ticket import process_tickets
from tests.servers import free_port

__all__ = ["hub_of", "served_here"]


def hub_of(feed: Any) -> Callable[[], Hub]:
    """Return what gives the hub of a feed: made when it is asked for first, on the loop that serves."""

    @cache
    def hub() -> Hub:
        loop = asyncio.get_running_loop()
        made = Hub(
            sources=lambda: {feed.name: feed},
            tickets=process_tickets(),
            clock=feed.clock,
            post=lambda act: _post(loop, act),
            workers=ThreadPoolExecutor(1),
        )
        PeriodicCallback(made.beat, 50).start()
        return made

    return hub


def _post(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(act)


@contextmanager
def served_here(pages: Mapping[str, Callable[[], Any]], hub: Callable[[], Hub] | None = None) -> Iterator[str]:
    """Serve pages by their names; gives the address. A session ends soon after its tab.

    Pages believe in ``/frames``, which is there where there is a hub.
    """
    importlib.import_module("pipelines.live.routes")  # as `--plugins` does
    port = free_port()
    server = pn.serve(
        dict(pages),
        port=port,
        address="127.0.0.1",
        threaded=True,
        show=False,
        verbose=False,
        check_unused_sessions_milliseconds=200,
        unused_session_lifetime_milliseconds=5_000,
        extra_patterns=[] if hub is None else [(r"/frames", FramesHandler, {"hub": hub})],
    )
    # What is logged is kept by pytest, and with it what it speaks of.
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        logging.disable(before)
        server.stop()
