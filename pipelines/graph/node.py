"""A streamz node with an error policy: what fails in one branch neither starves its siblings nor loses a position."""

from __future__ import annotations

import asyncio
import inspect
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from streamz import Stream
from streamz.core import sync

from pipelines.core.errors import ErrorPolicy
from pipelines.graph.context import Context
from pipelines.graph.reference import Reference

__all__ = ["Node"]

_Metadata = list[dict[str, Any]]


class Node(Stream):
    """One step of the graph. It chains like any streamz node and hands metadata on.

    Parameters
    ----------
    upstream : streamz.Stream or None
        Where elements come from.
    context : Context
        What the graph writes to.
    name : str
        What the node is called on the status page.
    on_error : {"drop", "dead_letter", "stop"}
        What becomes of an element that `step` fails on: its records are counted as rejected and forgotten
        (``"drop"``), or also kept to be looked at (``"dead_letter"``), or that and the feed stops (``"stop"``).

    Notes
    -----
    streamz calls a node's downstreams one after the other, and an exception in one keeps the element from the rest and
    its reference counter from ever firing. So a node that a user attached is fenced: what it raises is a fault of its
    branch, which then holds nothing any more.

    *Threads.* The writer's. User nodes that need an event loop (``buffer``, ``rate_limit``, ``delay``) run on that of
    streamz, and the writer waits for them: a full buffer is backpressure, up to the broker.
    """

    def __init__(self, upstream: Stream | None, context: Context, *, name: str, on_error: ErrorPolicy) -> None:
        super().__init__(upstream, stream_name=name)
        self.context = context
        self.on_error = on_error

    @abstractmethod
    def step(self, element: Any) -> Iterable[Any]:
        """Take an element, and return those that go on."""

    @abstractmethod
    def settle(self, element: Any, reason: str) -> None:
        """Count the records of an element that `step` failed on."""

    def update(self, x: Any, who: Stream | None = None, metadata: _Metadata | None = None) -> list[Any]:
        """Take an element from upstream, as streamz calls it."""
        try:
            elements = list(self.step(x))
        except BaseException as error:
            self.settle(x, f"{self.name} failed: {type(error).__name__}: {error}")
            self.context.fault(self.name, self.on_error, error)
            return []
        return [result for element in elements for result in self._emit(element, metadata=metadata)]

    def _emit(self, x: Any, metadata: _Metadata | None = None) -> list[Any]:
        for downstream in list(self.downstreams):
            if isinstance(downstream, Node):
                downstream.update(x, who=self, metadata=metadata)
            else:
                self._hand_over(downstream, x, metadata or [])
        return []

    def _hand_over(self, downstream: Stream, x: Any, metadata: _Metadata) -> None:
        """Give an element to a user's node, with a reference of its own, so that it can be taken back."""
        self._retain_refs(metadata)
        reference = Reference(lambda: self._release_refs(metadata))
        try:
            if downstream.loop is None:
                downstream.update(x, who=self, metadata=[{"ref": reference}])
            else:
                sync(downstream.loop, _update, downstream, x, self, [{"ref": reference}])
        except BaseException as error:
            self.context.fault(downstream.name or type(downstream).__name__, "drop", error)
            reference.finish()
        finally:
            reference.release()


async def _update(downstream: Stream, x: Any, who: Stream, metadata: _Metadata) -> None:
    result = downstream.update(x, who=who, metadata=metadata)
    pending = result if isinstance(result, list) else [result]
    await asyncio.gather(*(each for each in pending if inspect.isawaitable(each)))
