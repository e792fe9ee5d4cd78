"""What a collector and its servers say to each other."""

from __future__ import annotations

from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from pipelines.core.errors import StreamshadeError
from pipelines.core.spec import View
from pipelines.live.relay.sent import SentOf
from pipelines.live.status import FeedStatus
from pipelines.live.streams.stream import Range

__all__ = [
    "STATE",
    "Answer",
    "Ask",
    "FeedState",
    "LookWanted",
    "Names",
    "News",
    "Packed",
    "RelayError",
    "Row",
    "RowWanted",
    "Sent",
    "Snapshot",
    "State",
    "Told",
    "Wants",
    "encode",
    "key_of",
    "names_topic",
    "read_ask",
    "read_told",
    "sent_topic",
    "snapshot_topic",
    "view_topic",
]


class RelayError(StreamshadeError):
    """A message between a collector and a server can't be read: they are of different versions, or one is forged."""


class _Word(Struct, frozen=True, tag=True):
    pass


class LookWanted(Struct, frozen=True):
    """A range of a view that somebody looks at."""

    view: str
    where: Range


class Wants(_Word, frozen=True):
    """All that one server wants, said whenever that changes, and every other second: who is silent wants nothing.

    Parameters
    ----------
    server : str
        Who says it.
    group : str
        What the processes that serve at one port have in common; empty where there is one only.
    views : dict of str to View
        Views, by their `key_of`.
    looks : dict of int to LookWanted
        Ranges that are looked at, by numbers that the server gives.
    snapshots : tuple
        Feed, aggregate and kind of what its pages show.
    fresh : tuple of str
        Keys of views of which it lacks something, so that it needs all of it.
    sent : dict of str to SentOf, optional
        What it has sent to viewers, by what views are called in the metrics; None where that was just said, or it is
        not one of a group.
    """

    server: str
    group: str
    views: dict[str, View]
    looks: dict[int, LookWanted]
    snapshots: tuple[tuple[str, str, str], ...]
    fresh: tuple[str, ...]
    sent: dict[str, SentOf] | None


class RowWanted(_Word, frozen=True):
    """Tell the row under a place of a view, or of what is looked at."""

    server: str
    call: int
    view: str
    look: int | None
    time_ns: int
    value: float


class FeedState(Struct, frozen=True):
    """How a feed stands: what `Feed` tells pages."""

    kinds: tuple[str, ...]
    generation: int
    skew_ns: int
    newest_ns: int | None
    status: FeedStatus


class State(_Word, frozen=True):
    """How all feeds of a collector stand, some times a second. `epoch` is another one after it was started anew."""

    epoch: int
    feeds: tuple[FeedState, ...]


class Sent(_Word, frozen=True):
    """What all processes of a group have sent, once a second."""

    views: dict[str, SentOf]


class Names(_Word, frozen=True):
    """All names of keys of a feed in the order of their codes, and by kind whether there are rows (a byte a code)."""

    epoch: int
    feed: str
    names: tuple[str, ...]
    rows: dict[str, bytes]


class News(_Word, frozen=True):
    """Messages of a view, as viewers get them, that lead from a generation to another; from 0 to who has none.

    Without messages: why it is not drawn any more.
    """

    epoch: int
    view: str
    generation: int
    base: int
    newest_ns: int | None
    age_ns: int | None
    messages: tuple[bytes, ...]
    failure: str = ""

    @property
    def n_bytes(self) -> int:
        """Bytes of the messages."""
        return sum(map(len, self.messages))


class Packed(Struct, frozen=True, array_like=True):
    """An array."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class Snapshot(_Word, frozen=True):
    """What an aggregate holds, of keys whose codes are below `n_names`."""

    epoch: int
    n_names: int
    feed: str
    aggregate: str
    kind: str
    content: dict[str, Packed | int | dict[str, Packed]]


class Answer(_Word, frozen=True):
    """A picture of a range that a server looks at, as the parts of a message, or why there is none."""

    look: int
    parts: bytes
    reason: str = ""


class Row(_Word, frozen=True):
    """The row that was wanted; empty where there is none."""

    call: int
    row: dict[str, str]


Ask: TypeAlias = Wants | RowWanted
Told: TypeAlias = State | Sent | Names | News | Snapshot | Answer | Row

STATE: Final = "state"
"""Where a collector says how its feeds stand."""


def sent_topic(group: str) -> str:
    """Return where it is said what the processes of a group have sent."""
    return f"sent:{group}"


def names_topic(feed: str) -> str:
    """Return where the names of a feed are said."""
    return f"names:{feed}"


def view_topic(key: str) -> str:
    """Return where the news of a view are said."""
    return f"view:{key}"


def snapshot_topic(feed: str, aggregate: str, kind: str) -> str:
    """Return where an aggregate's snapshots are said."""
    return f"snapshot:{feed}:{aggregate}:{kind}"


def key_of(view: View) -> str:
    """Return what a view is called between processes."""
    return blake2b(msgspec.msgpack.encode(view), digest_size=12).hexdigest()


def encode(word: Ask | Told) -> bytes:
    """Return the bytes of what is said."""
    return _ENCODER.encode(word)


def read_ask(data: bytes) -> Ask:
    """Return what a server says; raises `RelayError`."""
    return _read(_ASKS, data)


def read_told(data: bytes) -> Told:
    """Return what a collector says; raises `RelayError`."""
    return _read(_TOLD, data)


def _read(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> Any:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RelayError(f"a message between collector and server can't be read: {error}") from None


def _as_dict(value: Any) -> Any:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be sent")


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_as_dict)
_ASKS: Final = msgspec.msgpack.Decoder(Ask)
_TOLD: Final = msgspec.msgpack.Decoder(Told)
