"""Feeds in one process, pages in others: real processes, a real Redis, and a real nginx in front."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.commands import STREAMSHADE
from tests.integration.watching import watching
from tests.servers import Nginx, Redis, free_port
from tests.waiting import wait_until

SOURCE = "sim://market?rate=2000&symbols=3"


class Running:
    """A command of ours that runs until it is ended."""

    def __init__(self, log: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self._arguments, self._environment = arguments, {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [STREAMSHADE, *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, signal_number: int = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.send_signal(signal_number)
        self.process.wait(20)

    @property
    def pids(self) -> set[int]:
        """The processes that it is made of, now."""
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-o", "pid=", "-g", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return {int(word) for word in listed.stdout.split()}

    def clear_away(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)


@contextmanager
def running(log: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    command = Running(log, *arguments, environment=environment)
    try:
        command.start()
        yield command
    finally:
        command.clear_away()


def answers(url: str, status: int = 200) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == status)
    except urllib.error.HTTPError as error:
        return error.code == status
    except OSError:
        return False


def wait_for(address: str, log: Path, *, status: int = 200) -> None:
    wait_until(lambda: answers(f"{address}/ready", status), 60, what=f"/ready answers {status}, see {log}")


async def see(address: str, n_frames: int = 5) -> None:
    async with watching(address) as watcher:
        await watcher.see(n_frames)


def n_frames_told(address: str) -> int:
    with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("streamshade_frames_total"))


class Desk(NamedTuple):
    collector: Running
    servers: tuple[str, str]
    front: str


@pytest.fixture(scope="module", params=["", "ip_hash;"], ids=["in-turn", "sticky"])
def desk(
    request: pytest.FixtureRequest, redis_path: str, nginx_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with ExitStack() as ending:
        redis = Redis(folder / "redis", redis_path)
        redis.start()
        ending.callback(redis.stop)
        desk = redis.url("desk")
        collector = ending.enter_context(running(folder / "collect.log", "collect", "--source", SOURCE, "--to", desk))
        ports = [free_port(), free_port()]
        for port in ports:
            ending.enter_context(running(folder / f"{port}.log", "serve", "--from", desk, "--port", str(port)))
        nginx = Nginx(folder / "nginx", nginx_path, ports, balance=request.param)
        ending.callback(nginx.stop)
        nginx.start()
        servers = tuple(f"http://127.0.0.1:{port}" for port in ports)
        for address, port in zip(servers, ports, strict=True):
            wait_for(address, folder / f"{port}.log")
        yield Desk(collector, servers, f"http://127.0.0.1:{nginx.port}")


def test_all_servers_show_the_feed_of_one_collector(desk: Desk) -> None:
    async def watch() -> None:
        async with watching(desk.servers[0]) as one, watching(desk.servers[1]) as two:
            for watcher in (one, two):
                await watcher.until(lambda: watcher.n_frames > 20 and bool(watcher.picture.codes.any()))  # noqa: B023
            newest_ns = min(one.picture.newest_ns, two.picture.newest_ns)
            where = newest_ns - 1_000_000_000, newest_ns - 500_000_000
            first, second = [await watcher.explore(*where) for watcher in (one, two)]
            assert first.codes.any()
            assert (first.codes == second.codes).all()

    asyncio.run(watch())


def test_whichever_server_a_visitor_comes_to_the_ticket_of_another_is_good(desk: Desk) -> None:
    async def watch() -> None:
        for _ in range(6):
            async with watching(desk.front) as watcher:
                await watcher.see(3)

    asyncio.run(watch())


def test_a_collector_that_was_killed_and_comes_back_is_followed_over_the_same_connection(desk: Desk) -> None:
    async def watch() -> None:
        async with watching(desk.front) as watcher:
            await watcher.see(5)
            desk.collector.end(signal.SIGKILL)
            await asyncio.gather(
                *(asyncio.to_thread(wait_for, server, Path("log"), status=503) for server in desk.servers)
            )
            before_ns = watcher.picture.newest_ns
            desk.collector.start()
            await watcher.until(lambda: watcher.picture.newest_ns > before_ns)
            await watcher.see(5)

    asyncio.run(watch())
    for server in desk.servers:
        wait_for(server, Path("log"))


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_several_processes_show_one_feed_and_all_end_with_the_first(signal_number: int, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = ("--source", SOURCE, "--feed-process", "--port", str(port), "--", "--num-procs", "2")
    with running(tmp_path / "serve.log", "serve", *options) as server:
        wait_for(address, tmp_path / "serve.log")
        assert len(server.pids) == 4  # the first, two that serve, and the feed
        asyncio.run(asyncio.wait_for(see_again(address), 60))  # the first row may come after that

        async def watch() -> None:
            for _ in range(6):
                async with watching(address) as watcher:
                    await watcher.see(3)

        asyncio.run(watch())
        wait_until(lambda: min(told := {n_frames_told(address) for _ in range(8)}) > 0 and len(told) == 1, 20)
        server.end(signal_number)
        wait_until(lambda: not server.pids, 20, what="all have ended")


def test_a_feed_process_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    options = ("--source", SOURCE, "--feed-process", "--port", str(port), "--", "--num-procs", "2")
    with (
        TemporaryDirectory(prefix="100% of #1 ", dir="/tmp") as temporary,  # a socket's path is short
        running(tmp_path / "serve.log", "serve", *options, environment={"TMPDIR": temporary}) as server,
    ):
        wait_for(address, tmp_path / "serve.log")
        found = subprocess.run(
            ["pgrep", "-f", "pipelines collect", "-g", str(server.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        os.kill(int(found.stdout), signal.SIGKILL)
        wait_until(lambda: "it is started again" in server.log.read_text(), 20)
        asyncio.run(asyncio.wait_for(see_again(address), 60))
        server.end()
        wait_until(lambda: not server.pids, 20, what="all have ended")
        assert not list(Path(temporary).iterdir())
        assert "Traceback" not in server.log.read_text()


async def see_again(address: str) -> None:
    """Be sent frames, at the latest when the feed is back."""
    while True:
        with suppress(AssertionError, TimeoutError, OSError):
            return await see(address)
        await asyncio.sleep(0.2)


def test_server_and_collector_may_come_in_any_order_and_stand_still_and_there_is_one_collector(tmp_path: Path) -> None:
    port, path = free_port(), f"unix://{tmp_path}/feeds"
    address = f"http://127.0.0.1:{port}"
    collect = ("collect", "--source", SOURCE, "--to", path)
    with running(tmp_path / "serve.log", "serve", "--from", path, "--port", str(port)) as server:
        wait_for(address, tmp_path / "serve.log", status=503)
        assert answers(f"{address}/market")
        assert "no collector answers" in server.log.read_text()
        with running(tmp_path / "collect.log", *collect) as collector:
            wait_for(address, tmp_path / "collect.log")
            asyncio.run(asyncio.wait_for(see_again(address), 60))  # the first row may come after that
            with running(tmp_path / "second.log", *collect) as second:
                assert second.process.wait(30) == 1
            assert "another collector" in second.log.read_text()
            collector.process.send_signal(signal.SIGSTOP)
            wait_for(address, tmp_path / "serve.log", status=503)
            collector.process.send_signal(signal.SIGCONT)
            wait_for(address, tmp_path / "serve.log")
            asyncio.run(see(address))
            os.killpg(server.process.pid, signal.SIGINT)
            os.killpg(collector.process.pid, signal.SIGINT)
            for each in (server, collector):
                each.process.wait(20)
                assert "Traceback" not in each.log.read_text()
