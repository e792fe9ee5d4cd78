"""A collector's address says how it is reached, and is refused in words where it is none."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest

from pipelines.core.clock import NS_PER_SECOND, SystemClock
from pipelines.core.errors import SourceError, SpecError
from pipelines.live.relay.address import connect, make_outlet
from pipelines.live.relay.redis_streams import RedisOutlet
from pipelines.live.relay.unix import UnixOutlet


def test_a_path_is_a_socket_and_redis_a_name_in_a_database() -> None:
    assert isinstance(make_outlet("unix:///run/feeds"), UnixOutlet)
    outlet = make_outlet("redis://host:6380/desk?db=3")
    assert isinstance(outlet, RedisOutlet)
    options = outlet._client.connection_pool.connection_kwargs
    assert (options["host"], options["port"], options["db"]) == ("host", 6380, 3)
    assert outlet._prefix == "streamshade:desk:"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "desk",
        "mqtt://host/desk",
        "redis://host",
        "unix://",
        "redis://host:x/desk",
        "redis://host/desk?db=one",
        "redis://host/desk?dbb=1",
        "unix://run/feeds",
        f"unix:///{'long' * 30}",
    ],
)
def test_what_is_no_address_is_refused_in_words(url: str) -> None:
    for read in (make_outlet, lambda url: connect(url, clock=SystemClock())):
        with pytest.raises(SpecError, match=r"collector"):
            read(url)


@pytest.mark.parametrize("password", ["pa/ss", "pa\u2100ss", "[pass"])
def test_a_password_that_breaks_the_address_is_not_told(password: str) -> None:
    with pytest.raises(SpecError, match="can't be read") as caught:
        make_outlet(f"redis://user:{password}@host/desk")
    assert "pa" not in str(caught.value).replace("password", "")


def test_a_path_may_have_any_characters_written_as_in_a_url() -> None:
    assert str(connect("unix:///a%20folder%23/feeds", clock=SystemClock())._inlet) == "/a folder#/feeds"


def test_a_password_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "p@ss/w:rd%21")
    outlet = make_outlet("redis://ann:${DESK_PASSWORD}@host/desk")
    assert isinstance(outlet, RedisOutlet)
    options = outlet._client.connection_pool.connection_kwargs
    assert (options["username"], options["password"], options["host"]) == ("ann", "p@ss/w:rd!", "host")
    monkeypatch.delenv("DESK_PASSWORD")
    with pytest.raises(SpecError, match="DESK_PASSWORD"):
        make_outlet("redis://ann:${DESK_PASSWORD}@host/desk")


def test_without_the_package_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "redis":
            raise ModuleNotFoundError(f"No module named {name!r}", name="redis")
        return imported(name, *args, **options)

    monkeypatch.delitem(sys.modules, "pipelines.live.relay.redis_streams", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SpecError, match=r"pip install 'streamshade\[redis\]'"):
        make_outlet("redis://host/desk")


def test_that_no_collector_answers_is_told_in_words() -> None:
    feeds = connect("unix:///nowhere/feeds", clock=SystemClock())
    feeds.start()
    with pytest.raises(SourceError, match="no collector answers at /nowhere/feeds"):
        feeds.wait(0.01)
    feeds._began_ns -= 60 * NS_PER_SECOND
    began_ns = feeds._clock.monotonic_ns()
    with pytest.raises(SourceError):
        feeds.wait(30.0)  # which has gone by: nobody is held up again
    assert feeds._clock.monotonic_ns() - began_ns < 20 * NS_PER_SECOND
    feeds.stop()
