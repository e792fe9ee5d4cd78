"""A source and a decoder in memory, for tests of the graph alone."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.core.batch import Batch
from pipelines.core.message import DeadLetter, Message, Position
from pipelines.core.url import SourceSpec
from pipelines.decoders.contract import Decoded
from pipelines.sources.contract import SourceStatus
from pipelines.sources.queue import MessageQueue

__all__ = ["ListDecoder", "ListSource", "numbered"]


class ListSource:
    """Hands on what a test puts into its queue, and notes what is released."""

    coalesce_messages = 1

    def __init__(self, spec: SourceSpec | None = None) -> None:
        self.spec = spec or SourceSpec("list", name="list", kinds=("readings",))
        self.queue = MessageQueue()
        self.released: list[Position] = []
        self.n_stops = 0

    def start(self) -> None:
        self.queue.reopen()

    def stop(self) -> None:
        self.n_stops += 1
        self.queue.close()

    def release(self, positions: Sequence[Position]) -> None:
        self.released += positions

    def status(self) -> SourceStatus:
        return SourceStatus("connected")


class ListDecoder:
    """Decodes a message's payload by looking it up: a batch, a dead letter's reason, or an exception to raise."""

    def __init__(self, known: dict[bytes, Batch | str | BaseException]) -> None:
        self.known = known

    def decode(self, messages: Sequence[Message]) -> Decoded:
        found = [(message, self.known[message.payload]) for message in messages]
        for _, meaning in found:
            if isinstance(meaning, BaseException):
                raise meaning
        batches = [meaning for _, meaning in found if isinstance(meaning, Batch)]
        letters = [
            DeadLetter("readings", meaning, message.position, message.received_ns)
            for message, meaning in found
            if isinstance(meaning, str)
        ]
        return Decoded((Batch.concatenate(batches),) if batches else (), tuple(letters))


def numbered(*payloads: bytes, first: int = 0) -> list[Message]:
    """Messages with these payloads, numbered from `first`."""
    return [Message(payload, Position("p", first + i), 0) for i, payload in enumerate(payloads)]
