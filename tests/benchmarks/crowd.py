"""How many can look at once: sockets a core, what a viewer-frame costs, and how fast viewers join."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from tests.benchmarks.crowd_client import Client, Reconstruction
from tests.benchmarks.crowd_server import serve
from tests.benchmarks.harness import Row, paired
from tests.servers import free_port

__all__ = ["rows"]

_FPS = 10
_ENOUGH = 0.95
"""Share of the frames a second that all viewers together must get."""

_CROWDS = (500, 1_000, 2_000, 3_000, 4_000)
_SETTLE_S, _MEASURE_S = 3.0, 6.0
_MARKET = "sim://market?rate=20000&symbols=20&seed=1"


@dataclass(frozen=True, slots=True)
class Crowd:
    """What was measured with one number of viewers."""

    n_viewers: int
    fps: float
    cpu_share: float
    cpu_frame_us: float
    bytes_median: float
    bytes_p99: float
    joins_s: float
    n_checked: int


def rows() -> Iterator[Row]:
    """Measure one view and twenty, growing the crowd until a core does not keep up."""
    _allow_many_sockets()
    for n_views in (1, 20):
        best = None
        for n_viewers in _CROWDS:
            crowd = measure(n_viewers, n_views)
            if crowd.fps < _ENOUGH * _FPS:
                break
            best = crowd
        if best is None:
            raise RuntimeError(f"{_CROWDS[0]} viewers were too many: is the machine busy?")
        yield from _rows_of(best, n_views)


def measure(n_viewers: int, n_views: int) -> Crowd:
    """Measure a crowd that looks at so many views, 10 frames a second each."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    mine, theirs = (cores[-1], cores[0]) if len(cores) > 1 else (None, None)
    ours, pipe = get_context("spawn").Pipe()
    port = free_port()
    server = get_context("spawn").Process(target=serve, args=(port, _MARKET, n_views, theirs, pipe), daemon=True)
    server.start()
    before = None
    if mine is not None:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {mine})
    try:
        return asyncio.run(_watch(port, n_viewers, ours))
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)
        ours.send("stop")
        server.join(5)
        server.kill()


async def _watch(port: int, n_viewers: int, server: Any) -> Crowd:
    ticket, views = await asyncio.to_thread(server.recv)
    loop, shared = asyncio.get_running_loop(), Reconstruction()
    start = time.perf_counter()
    clients = []
    for i in range(n_viewers):
        view = views[i % len(views)]
        _, client = await loop.create_connection(
            lambda view=view: Client(ticket, view, _FPS, shared), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.has_picture for client in clients))
    joins_s = n_viewers / (time.perf_counter() - start)
    await asyncio.sleep(_SETTLE_S)
    shared.sizes.clear()
    first = await _ask(server, "facts")
    await asyncio.sleep(_MEASURE_S)
    last = await _ask(server, "facts")
    assert last["n_viewers"] == n_viewers
    n_checked = shared.n_checked(await _ask(server, "digests"))
    assert n_checked > 0, "no picture was compared"
    wall_s, cpu_s, n_frames = (last[name] - first[name] for name in ("wall_s", "cpu_s", "n_frames"))
    sizes = sorted(shared.sizes.elements())
    return Crowd(
        n_viewers=n_viewers,
        fps=n_frames / wall_s / n_viewers,
        cpu_share=cpu_s / wall_s,
        cpu_frame_us=cpu_s / n_frames * 1e6,
        bytes_median=sizes[len(sizes) // 2],
        bytes_p99=sizes[len(sizes) * 99 // 100],
        joins_s=joins_s,
        n_checked=n_checked,
    )


async def _ask(server: Any, question: str) -> Any:
    server.send(question)
    return await asyncio.to_thread(server.recv)


def _rows_of(crowd: Crowd, n_views: int) -> Iterator[Row]:
    name = "" if n_views == 1 else f"_{n_views}_views"
    what = (
        f"sockets that all got {crowd.fps:.1f} frames/s of {n_views} view{'s' * (n_views > 1)} (1200x400, one minute, "
        f"simulated market of 20,000 ticks/s whose feed runs in the same process) with the server on one core, "
        f"{crowd.cpu_share:.0%} of it busy; {crowd.n_checked:,} pictures compared cell by cell"
    )
    yield paired(f"viewers_per_core_10fps{name}", crowd.n_viewers, "viewers", None, what)
    yield paired(f"viewer_frame_cpu{name}", crowd.cpu_frame_us, "us", None, "all that the server does, over its frames")
    yield paired(f"joins_per_core{name}", crowd.joins_s, "joins/s", None, "from connecting to the first picture")
    if n_views == 1:
        yield paired("raster_delta_bytes_median", crowd.bytes_median, "bytes", None, "a viewer-frame at 10 frames/s")
        yield paired("raster_delta_bytes_p99", crowd.bytes_p99, "bytes", None, "a viewer-frame at 10 frames/s")


def _allow_many_sockets() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
