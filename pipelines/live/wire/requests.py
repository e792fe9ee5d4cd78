"""What a client says, checked as it is read."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from pipelines.core.errors import StreamshadeError

__all__ = [
    "MAX_MESSAGE_BYTES",
    "Ack",
    "Explore",
    "Go",
    "Hello",
    "Leave",
    "Pause",
    "Pick",
    "Ping",
    "ProtocolError",
    "Request",
    "Subscribe",
    "read_request",
]

MAX_MESSAGE_BYTES: Final = 16_384

_MAX_TICKET: Final = 12_288

_Pane: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]
_Generation: TypeAlias = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
_Nanoseconds: TypeAlias = Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}$")]
"""A time as decimal digits: JavaScript's numbers would round it."""


class ProtocolError(StreamshadeError):
    """A client said what it must not. Its connection is closed with these words as the reason."""


class _Said(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    pass


class Hello(_Said, frozen=True, tag="hello"):
    """The first message, and again with a newer ticket: what the client may look at."""

    version: int
    ticket: Annotated[str, Meta(max_length=_MAX_TICKET)]


class Subscribe(_Said, frozen=True, tag="subscribe"):
    """Show a view of the ticket in a pane, so many frames a second; a picture in a canvas class of so many columns."""

    pane: _Pane
    view: str
    columns: int = 1_200
    fps: Annotated[int, Meta(ge=1, le=30)] = 10


class Leave(_Said, frozen=True, tag="leave"):
    """Show nothing more in a pane."""

    pane: _Pane


class Pause(_Said, frozen=True, tag="pause"):
    """Send nothing to a pane until it is to go on."""

    pane: _Pane


class Go(_Said, frozen=True, tag="go"):
    """Go on sending to a pane, from the generation that it has."""

    pane: _Pane


class Ack(_Said, frozen=True, tag="ack"):
    """A pane has painted a generation, so many milliseconds after the event times of the frames since the last one."""

    pane: _Pane
    generation: _Generation
    delays_ms: Annotated[tuple[float, ...], Meta(max_length=64)] = ()


class Explore(_Said, frozen=True, tag="explore"):
    """Draw a range for a pane."""

    pane: _Pane
    request: _Generation
    start: _Nanoseconds
    end: _Nanoseconds
    low: float
    high: float
    columns: int


class Pick(_Said, frozen=True, tag="pick"):
    """Tell the row under a place of a pane."""

    pane: _Pane
    request: _Generation
    time: _Nanoseconds
    value: float


class Ping(_Said, frozen=True, tag="ping"):
    """Tell your clock."""

    sent_ms: float


Request: TypeAlias = Hello | Subscribe | Leave | Pause | Go | Ack | Explore | Pick | Ping

_DECODER: Final = msgspec.json.Decoder(Request)


def read_request(text: str | bytes) -> Request:
    """Return what a client said; raises `ProtocolError` where it is not what PROTOCOL.md allows."""
    if not isinstance(text, str):
        raise ProtocolError("clients send text, not binary messages")
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from None
