"""A socket in the file system carries what collector and servers say, and is made again where it was cut."""

from __future__ import annotations

import asyncio
import socket
import stat
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pipelines.core.errors import SpecError
from pipelines.live.relay.unix import UnixInlet, UnixOutlet
from tests.waiting import wait_until

GREETING = b"\x82\xa4type\xa8greeting\xa6server\xa4deaf"
TOPICS = b"\x82\xa4type\xa6topics\xa6topics\x91\xa5state"


class Ends:
    """A collector's end and a server's, and what each has heard."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.asked: list[bytes] = []
        self.told: list[bytes] = []
        self.n_lost: list[int] = []
        self.outlet = UnixOutlet(path)
        self.inlet = UnixInlet(path, server="one")

    async def start(self) -> None:
        await self.outlet.start(self.asked.append)
        self.inlet.start(self.told.append, lambda: self.n_lost.append(1))
        self.inlet.listen(frozenset({"state"}))
        await self.until(self.is_connected)

    def is_connected(self) -> bool:
        self.inlet.ask(b"?")
        return bool(self.asked)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        await asyncio.to_thread(self.inlet.stop)
        await self.outlet.stop()


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Ends]:
    ends = Ends(str(path / "feeds"))
    await ends.start()
    try:
        yield ends
    finally:
        await ends.stop()


def run(path: Path, test: Callable[[Ends], Awaitable[None]]) -> None:
    async def within() -> None:
        async with connected(path) as ends:
            await test(ends)

    asyncio.run(within())


def test_a_server_hears_its_topics_and_what_is_for_it_alone_in_order(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        sent = [b"%d" % number for number in range(1_000)] + [bytes(3 << 20)]
        for message in sent:
            ends.outlet.publish("state", message)
            ends.outlet.publish("view:a", b"not for us")
            ends.outlet.send("another", b"nor this")
        ends.outlet.send("one", b"the last")
        await ends.until(lambda: ends.told[-1:] == [b"the last"])
        assert ends.told == [*sent, b"the last"]

    run(tmp_path, test)


def test_who_begins_to_listen_gets_the_newest_but_of_views_only_what_comes(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        for topic in ("names:market", "view:a"):
            ends.outlet.publish(topic, b"old")
            ends.outlet.publish(topic, b"new")
        ends.inlet.listen(frozenset({"names:market", "view:a"}))
        await ends.until(lambda: bool(ends.told))
        ends.outlet.publish("view:a", b"news")
        await ends.until(lambda: len(ends.told) == 2)
        assert ends.told == [b"new", b"news"]

    run(tmp_path, test)


def test_a_collector_that_was_started_anew_is_found_and_told_what_is_listened_to(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        await ends.outlet.stop()
        ends.asked.clear()
        ends.outlet = UnixOutlet(ends.path)
        ends.outlet.publish("state", b"again")
        await ends.outlet.start(ends.asked.append)
        await ends.until(lambda: ends.is_connected() and ends.told == [b"again"])

    run(tmp_path, test)


def test_a_server_that_does_not_read_is_cut_off_and_holds_up_nobody(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(ends.path)
            for said in (GREETING, TOPICS):
                deaf.sendall(struct.pack("<I", len(said)) + said)
            await ends.until(lambda: any(peer.topics and peer.name == "deaf" for peer in ends.outlet._peers))
            n_sent = 0
            while len(ends.outlet._peers) == 2:
                ends.outlet.publish("state", bytes(1 << 20))
                await ends.until(lambda: bool(ends.told))
                ends.told.clear()
                n_sent += 1
            assert 8 <= n_sent <= 12

    run(tmp_path, test)


def test_a_collector_that_stands_still_holds_up_nobody_for_long(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(str(tmp_path / "feeds"))
        frozen.listen(1)  # takes connections and reads nothing
        inlet, lost = UnixInlet(str(tmp_path / "feeds"), server="one"), threading.Event()
        inlet.start(lambda _: None, lost.set)
        wait_until(lambda: inlet._socket is not None)
        asking = threading.Thread(target=lambda: [inlet.ask(bytes(1 << 20)) for _ in range(2)])
        asking.start()
        asking.join(20)
        assert not asking.is_alive()
        assert lost.wait(20)
        stopping = threading.Thread(target=inlet.stop)
        stopping.start()
        stopping.join(20)
        assert not stopping.is_alive()


def test_a_connection_that_was_lost_is_made_again_and_told_of(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        assert not ends.n_lost
        await ends.outlet.stop()
        await ends.until(lambda: bool(ends.n_lost))

    run(tmp_path, test)


def test_where_another_collector_listens_or_another_file_is_nothing_is_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_text("mine")
    with pytest.raises(SpecError, match="another file"):
        asyncio.run(UnixOutlet(str(file)).start(lambda _: None))
    assert file.read_text() == "mine"

    async def test(ends: Ends) -> None:
        other = UnixOutlet(ends.path)
        with pytest.raises(SpecError, match="another collector"):
            await other.start(lambda _: None)
        await other.stop()
        ends.outlet.publish("state", b"still here")
        await ends.until(lambda: ends.told == [b"still here"])
        assert ends.outlet.failure == ""

    run(tmp_path, test)


def test_the_socket_of_a_collector_that_was_killed_is_made_anew(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "feeds"))
    run(tmp_path, lambda _: asyncio.sleep(0))


def test_that_another_collector_has_taken_the_place_is_noticed_and_it_is_left_alone(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        Path(ends.path).unlink()
        other = UnixOutlet(ends.path)
        await other.start(lambda _: None)
        assert "another collector has taken the place" in ends.outlet.failure
        await ends.outlet.stop()
        assert Path(ends.path).exists()
        await other.stop()

    run(tmp_path, test)


@pytest.mark.parametrize("said", [b"\xff\xff\xff\xff", struct.pack("<I", 3) + b"\xc1\xc1\xc1", b"\x00"])
def test_who_says_what_can_not_be_read_is_cut_off_and_the_others_are_not(said: bytes, tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(ends.path)
            await ends.until(lambda: len(ends.outlet._peers) == 2)
            rude.sendall(said)
            rude.shutdown(socket.SHUT_WR)
            await ends.until(lambda: len(ends.outlet._peers) == 1)
        ends.outlet.publish("state", b"still here")
        await ends.until(lambda: ends.told == [b"still here"])

    run(tmp_path, test)


def test_only_its_owner_may_open_the_socket_and_it_is_gone_at_the_end(tmp_path: Path) -> None:
    async def test(ends: Ends) -> None:
        assert stat.S_IMODE(Path(ends.path).stat().st_mode) == 0o600

    run(tmp_path, test)
    assert not list(tmp_path.iterdir())


def test_where_it_can_not_be_made_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="can't listen at"):
        asyncio.run(UnixOutlet(str(tmp_path / "nowhere" / "feeds")).start(lambda _: None))
