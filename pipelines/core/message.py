"""What a source hands on: a payload, where it stands in its stream, and when it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["DeadLetter", "Message", "Position"]


class Position(NamedTuple):
    """Where a message stands in its source.

    Parameters
    ----------
    partition : str
        The part of the source that is ordered in itself (a shard, a partition, one connection to an MQTT broker).
    offset : int
        Counts up within the partition. Releasing it means: resume after this one.
    """

    partition: str
    offset: int


class Message(NamedTuple):
    """One message as it came.

    Parameters
    ----------
    payload : bytes
        The bytes, not looked at.
    position : Position
        Where it stands in its source.
    received_ns : int
        When it was received, nanoseconds UTC. Messages that name no event time take it from here.
    topic : str
        The topic, stream or file that it came by; empty where the source has none.
    """

    payload: bytes
    position: Position
    received_ns: int
    topic: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was not stored because it can't be believed or read.

    Parameters
    ----------
    kind : str
        The kind that the record was taken for; ``"unknown"`` where that can't be told.
    reason : str
        What is wrong: the field, what came, what was expected.
    position : Position or None
        Where its message stands in the source; None where rows of several messages had already been joined.
    received_ns : int
        When its message was received, nanoseconds UTC.
    excerpt : str
        The beginning of the message, made printable.
    n_records : int
        How many records share this reason.
    """

    kind: str
    reason: str
    position: Position | None
    received_ns: int
    excerpt: str = ""
    n_records: int = 1
