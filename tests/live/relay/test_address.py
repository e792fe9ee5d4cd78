"""A collector's address says how it is reached, and is refused in words where it is none."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest

from pipelines.core.clock import SystemClock
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


@pytest.mark.parametrize("url", ["", "desk", "mqtt://host/desk", "redis://host", "unix://", "redis://host:x/desk"])
def test_what_is_no_address_is_refused_in_words(url: str) -> None:
    for read in (make_outlet, lambda url: connect(url, clock=SystemClock())):
        with pytest.raises(SpecError, match=r"collector"):
            read(url)


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
    feeds.stop()
