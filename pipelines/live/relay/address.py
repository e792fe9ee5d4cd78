"""Where a collector is found: by the path of a socket, or in Redis."""

from __future__ import annotations

import os
import secrets
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from pipelines.core.clock import Clock
from pipelines.core.errors import SpecError
from pipelines.live.relay.outlet import Outlet
from pipelines.live.relay.remote_feeds import RemoteFeeds
from pipelines.live.relay.unix import UnixInlet, UnixOutlet

__all__ = ["COLLECTOR_VARIABLE", "connect", "make_outlet"]

COLLECTOR_VARIABLE: Final = "STREAMSHADE_COLLECTOR"
"""Where the collector is whose feeds this process shows, instead of feeds of its own."""


def make_outlet(url: str) -> Outlet:
    """Return what publishes at an address.

    Parameters
    ----------
    url : str
        ``unix:///path/of/a/socket``, or ``redis://[user:password@]host[:port]/name[?db=0]``; ``rediss://`` with TLS.

    Raises
    ------
    SpecError
        Where it is neither.
    """
    scheme, place = _parsed(url)
    if scheme == "unix":
        return UnixOutlet(place)
    address, name = _redis(url)
    outlet: Outlet = _redis_streams().RedisOutlet(address, name=name)
    return outlet


def connect(url: str, *, clock: Clock) -> RemoteFeeds:
    """Return the feeds of the collector at an address, as `make_outlet` reads it. They are to be started."""
    server = f"{os.getpid()}-{secrets.token_hex(6)}"
    scheme, place = _parsed(url)
    if scheme == "unix":
        return RemoteFeeds(UnixInlet(place, server=server), server=server, clock=clock, is_local=True)
    address, name = _redis(url)
    return RemoteFeeds(_redis_streams().RedisInlet(address, name=name, server=server), server=server, clock=clock)


def _parsed(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SpecError(f"the address of the collector can't be read: {error}") from None
    if parts.scheme not in ("unix", "redis", "rediss") or not parts.path.strip("/"):
        raise SpecError(
            f"{parts.scheme or 'this'}:// is no address of a collector: give unix:///path/of/a/socket "
            "or redis://host:port/name"
        )
    return parts.scheme, parts.path


def _redis_streams() -> Any:
    try:
        return import_module("pipelines.live.relay.redis_streams")
    except ModuleNotFoundError as error:
        raise SpecError(
            f"redis:// needs {error.name}, which is not installed: pip install 'streamshade[redis]'"
        ) from None


def _redis(url: str) -> tuple[str, str]:
    """Return the address of the Redis server, and what the collector is called there."""
    parts = urlsplit(url)
    db = parse_qs(parts.query).get("db", ["0"])[0]
    return urlunsplit((parts.scheme, parts.netloc, f"/{db}", "", "")), parts.path.strip("/")
