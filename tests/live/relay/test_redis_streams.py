"""A real Redis carries what collector and servers say, and may go away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from pipelines.core.errors import SpecError
from pipelines.live.relay.redis_streams import RedisInlet, RedisOutlet
from tests.servers import Redis


class Ends:
    """A collector's end and a server's, and what each has heard."""

    def __init__(self, redis: Redis) -> None:
        self.url = f"redis://127.0.0.1:{redis.port}/0"
        self.asked: list[bytes] = []
        self.told: list[bytes] = []
        self.n_lost: list[int] = []
        self.inlet = RedisInlet(self.url, name="desk", server="one")

    async def start(self) -> None:
        self.outlet = RedisOutlet(self.url, name="desk")
        await self.outlet.start(self.asked.append)
        self.inlet.start(self.told.append, lambda: self.n_lost.append(1))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        await asyncio.to_thread(self.inlet.stop)
        await self.outlet.stop()


@pytest.fixture
def redis(redis_path: str, tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path / "redis", redis_path)
    redis.start()
    yield redis
    redis.stop()


def run(redis: Redis, test: Callable[[Ends], Awaitable[None]]) -> None:
    async def within() -> None:
        ends = Ends(redis)
        await ends.start()
        try:
            await test(ends)
        finally:
            await ends.stop()

    asyncio.run(within())


def test_a_server_hears_its_topics_and_what_is_for_it_alone(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        ends.inlet.listen(frozenset({"view:a", "state"}))
        sent = [b"%d" % number for number in range(200)]
        for message in sent:
            ends.outlet.publish("view:a", message)
            ends.outlet.publish("view:b", b"not for us")
            ends.outlet.send("another", b"nor this")
        ends.outlet.send("one", b"the last")
        await ends.until(lambda: len(ends.told) == 201)
        assert [message for message in ends.told if message != b"the last"] == sent

    run(redis, test)


def test_the_collector_hears_what_servers_ask_but_not_what_was_asked_before_it_began(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        await ends.outlet.stop()
        ends.inlet.ask(b"before")
        ends.outlet = RedisOutlet(ends.url, name="desk")
        await ends.outlet.start(ends.asked.append)
        ends.inlet.ask(b"now")
        await ends.until(lambda: bool(ends.asked))
        assert ends.asked == [b"now"]

    run(redis, test)


def test_who_begins_to_listen_gets_the_newest_of_what_is_kept(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        for message in (b"old", b"new"):
            ends.outlet.publish("names:market", message)
        await ends.until(lambda: not ends.outlet._waiting)
        ends.inlet.listen(frozenset({"names:market"}))
        await ends.until(lambda: bool(ends.told))
        assert ends.told[-1] == b"new"

    run(redis, test)


def test_streams_are_short_however_much_is_said_and_end_some_time_after_the_last_word(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        for number in range(2_000):
            ends.outlet.publish("view:a", b"%d" % number)
            ends.outlet.publish("state", b"%d" % number)
        ends.inlet.listen(frozenset({"state"}))
        await ends.until(lambda: ends.told[-1:] == [b"1999"])
        client = ends.inlet._asking
        assert client.xlen("streamshade:desk:view:a") == 256
        assert client.xlen("streamshade:desk:state") == 1
        assert 0 < client.pttl("streamshade:desk:view:a") <= 60_000

    run(redis, test)


def test_redis_holds_bounded_memory_however_long_messages_are_and_nothing_forever(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        for number in range(50):
            ends.outlet.send("one", bytes(1 << 20) + b"%d" % number)
        for _ in range(1_000):
            ends.inlet.ask(b"?")
        await ends.until(lambda: bool(ends.asked) and ends.told[-1:] == [bytes(1 << 20) + b"49"])
        client = ends.inlet._asking
        assert client.xlen("streamshade:desk:server:one") <= 8
        assert client.xlen("streamshade:desk:asks") <= 700  # trimmed roughly
        assert all(0 < client.pttl(key) <= 60_000 for key in client.scan_iter())

    run(redis, test)


def test_two_collectors_can_not_have_one_name(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        with pytest.raises(SpecError, match="another collector publishes as 'desk'"):
            await RedisOutlet(ends.url, name="desk").start(lambda _: None)
        other = RedisOutlet(ends.url, name="another desk")
        await other.start(lambda _: None)
        await other.stop()
        await ends.outlet.stop()  # and lets go of the name
        ends.outlet = RedisOutlet(ends.url, name="desk")
        await asyncio.wait_for(ends.outlet.start(lambda _: None), 1)

    run(redis, test)


def test_one_that_stood_still_while_another_took_its_name_finds_out(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        ends.inlet._asking.set("streamshade:desk:collector", b"another")
        await ends.until(lambda: bool(ends.outlet.failure))
        assert "another collector publishes as 'desk'" in ends.outlet.failure

    run(redis, test)


def test_what_others_write_there_ends_nothing(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        client = ends.inlet._asking
        for topic in ("asks", "server:one"):
            client.xadd(f"streamshade:desk:{topic}", {b"strange": b"words"})
        ends.inlet.ask(b"?")
        ends.outlet.send("one", b"!")
        await ends.until(lambda: ends.asked == [b"?"] and ends.told == [b"!"])

    run(redis, test)


def test_it_ends_though_a_cancellation_got_lost(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        reading = ends.outlet._tasks[0]
        reading.cancel = lambda: False  # type: ignore[method-assign]
        await asyncio.wait_for(ends.outlet.stop(), 20)
        assert reading.done()

    run(redis, test)


def test_both_ends_go_on_after_redis_was_away(redis: Redis) -> None:
    async def test(ends: Ends) -> None:
        ends.inlet.listen(frozenset({"state"}))
        ends.outlet.publish("state", b"before")
        await ends.until(lambda: ends.told == [b"before"])
        await asyncio.to_thread(redis.kill)
        ends.outlet.publish("state", b"lost")
        ends.inlet.ask(b"lost")
        await asyncio.to_thread(redis.start)

        def went_through() -> bool:
            ends.outlet.publish("state", b"after")
            ends.inlet.ask(b"after")
            return b"after" in ends.told and b"after" in ends.asked

        await ends.until(went_through)
        assert ends.n_lost == [1]

    run(redis, test)


def test_that_there_is_no_redis_is_told_in_words_without_the_password(redis: Redis) -> None:
    redis.stop()
    with pytest.raises(SpecError, match="can't reach Redis") as caught:
        asyncio.run(RedisOutlet(f"redis://user:geheim@127.0.0.1:{redis.port}/0", name="desk").start(lambda _: None))
    assert "geheim" not in str(caught.value)
