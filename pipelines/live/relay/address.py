"""Where a collector is found: by the path of a socket, or in Redis."""

from __future__ import annotations

import os
import secrets
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from pipelines.core.clock import Clock
from pipelines.core.errors import SpecError
from pipelines.core.url import expand
from pipelines.live.relay.outlet import Outlet
from pipelines.live.relay.remote_feeds import RemoteFeeds
from pipelines.live.relay.unix import UnixInlet, UnixOutlet

__all__ = ["COLLECTOR_VARIABLE", "connect", "make_outlet"]

COLLECTOR_VARIABLE: Final = "STREAMSHADE_COLLECTOR"
"""Where the collector is whose feeds this process shows, instead of feeds of its own."""

_LONGEST_PATH: Final = 100
"""Bytes of the path of a socket that every system takes."""


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


def connect(url: str, *, clock: Clock, group: str = "") -> RemoteFeeds:
    """Return the feeds of the collector at an address, as `make_outlet` reads it. They are to be started."""
    server = f"{os.getpid()}-{secrets.token_hex(6)}"
    scheme, place = _parsed(url)
    if scheme == "unix":
        return RemoteFeeds(UnixInlet(place, server=server), server=server, clock=clock, group=group)
    address, name = _redis(url)
    inlet = _redis_streams().RedisInlet(address, name=name, server=server)
    return RemoteFeeds(inlet, server=server, clock=clock, group=group)


def _parsed(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # whose words may hold a part of a password
        raise SpecError(
            "the address of the collector can't be read: in a password write / : @ # ? % and [ as %2F and so on"
        ) from None
    if parts.scheme not in ("unix", "redis", "rediss") or not parts.path.strip("/"):
        raise SpecError(
            f"{parts.scheme or 'this'}:// is no address of a collector: give unix:///path/of/a/socket "
            "or redis://host:port/name"
        )
    if parts.scheme != "unix":
        return parts.scheme, parts.path
    path = unquote(parts.path)
    if parts.netloc:
        raise SpecError(f"the path of a collector's socket is absolute: unix:///{parts.netloc}{path}?")
    if len(os.fsencode(path)) > _LONGEST_PATH or "\0" in path:
        raise SpecError(f"the path of a collector's socket has at most {_LONGEST_PATH} bytes: {path!r}")
    return parts.scheme, path


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
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    db = options.pop("db", "0")
    if options or not db.isdecimal():
        raise SpecError("the address of a collector in Redis has one option, the number of a database: ?db=0")
    login, at, host = parts.netloc.rpartition("@")
    login = ":".join(quote(unquote(expand(part)), safe="") for part in login.split(":", 1))
    return urlunsplit((parts.scheme, f"{login}{at}{host}", f"/{db}", "", "")), parts.path.strip("/")
