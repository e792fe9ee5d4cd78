"""A process that has feeds and no pages: it collects, and other processes show."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pipelines.core.clock import SystemClock
from pipelines.core.errors import SpecError
from pipelines.live.feed import Feed
from pipelines.live.relay.collector import Collector
from pipelines.live.relay.outlet import Outlet

__all__ = ["collect"]

_BEAT_S: Final = 0.05


def collect(feeds: Iterable[Feed], outlet: Outlet, *, parent_pid: int | None, began: Callable[[], None]) -> None:
    """Publish what servers want of feeds, which run, until a signal ends it, or the parent has ended.

    Parameters
    ----------
    feeds : iterable of Feed
        What is published.
    outlet : Outlet
        Where to.
    parent_pid : int or None
        Whose child this is, to end with it; None where it ends by a signal only.
    began : callable
        Called once servers can connect.

    Raises
    ------
    SpecError
        Where it can't be published there, or not any more: another collector has taken its place.
    """
    asyncio.run(_collect({feed.name: feed for feed in feeds}, outlet, parent_pid, began))


async def _collect(feeds: dict[str, Feed], outlet: Outlet, parent_pid: int | None, began: Callable[[], None]) -> None:
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)

    def post(act: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, the feeds have not
            loop.call_soon_threadsafe(act)

    with ThreadPoolExecutor(1, thread_name_prefix="pick") as workers:
        collector = Collector(feeds, outlet, clock=SystemClock(), post=post, workers=workers)
        await outlet.start(collector.receive)
        began()
        while not ending.is_set() and not outlet.failure and parent_pid in (None, os.getppid()):
            collector.beat()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), _BEAT_S)
        collector.close()
        await outlet.stop()
    if outlet.failure:
        raise SpecError(outlet.failure)
