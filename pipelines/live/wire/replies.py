"""What a server says in words."""

from __future__ import annotations

import msgspec

from pipelines.live.wire.parts import VERSION

__all__ = ["failed", "picked", "pong", "renewed", "subscribed", "welcome"]


def welcome() -> str:
    """Answer a hello."""
    return _text(type="welcome", version=VERSION)


def renewed(ticket: str) -> str:
    """Give a ticket to come back with."""
    return _text(type="ticket", ticket=ticket)


def subscribed(*, pane: int) -> str:
    """Say that what comes for a pane from here on is of the view that it was subscribed to."""
    return _text(type="subscribed", pane=pane)


def failed(*, pane: int, reason: str, request: int | None = None) -> str:
    """Say why a pane has no picture; with a request's number, why that one has none."""
    return _text(type="failed", pane=pane, reason=reason, **({} if request is None else {"request": request}))


def picked(*, pane: int, request: int, row: dict[str, str]) -> str:
    """Tell the row under a place, in words; empty where there is none."""
    return _text(type="picked", pane=pane, request=request, row=row)


def pong(*, sent_ms: float, server_ns: int) -> str:
    """Tell our clock."""
    return _text(type="pong", sent_ms=sent_ms, server_ns=str(server_ns))


def _text(**words: object) -> str:
    return msgspec.json.encode(words).decode()
