"""A streamz node with an error policy: what fails in one branch neither starves its siblings nor loses a position."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from streamz import Stream

from pipelines.core.errors import ErrorPolicy
from pipelines.graph.context import Context

__all__ = ["Node"]


class Node(Stream):
    """One step of the graph. It chains like any streamz node and hands metadata on.

    Parameters
    ----------
    upstream : streamz.Stream
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
    its reference counter from ever firing. So each call is fenced, also for nodes that users attach.
    """

    def __init__(self, upstream: Stream, context: Context, *, name: str, on_error: ErrorPolicy) -> None:
        super().__init__(upstream, stream_name=name)
        self.context = context
        self.on_error = on_error

    @abstractmethod
    def step(self, element: Any) -> Iterable[Any]:
        """Take an element, and return those that go on."""

    @abstractmethod
    def settle(self, element: Any, reason: str) -> None:
        """Count the records of an element that `step` failed on."""

    def update(self, x: Any, who: Stream | None = None, metadata: list[dict[str, Any]] | None = None) -> list[Any]:
        """Take an element from upstream, as streamz calls it."""
        try:
            elements = list(self.step(x))
        except BaseException as error:
            self.settle(x, f"{self.name} failed: {type(error).__name__}: {error}")
            self.context.fault(self.name, self.on_error, error)
            return []
        return [result for element in elements for result in self._emit(element, metadata=metadata)]

    def _emit(self, x: Any, metadata: list[dict[str, Any]] | None = None) -> list[Any]:
        metadata = metadata or []
        downstreams = list(self.downstreams)
        self._retain_refs(metadata, len(downstreams))
        results: list[Any] = []
        for downstream in downstreams:
            try:
                result = downstream.update(x, who=self, metadata=metadata)
                results.extend(result if isinstance(result, list) else [result])
            except BaseException as error:
                self.context.fault(downstream.name or type(downstream).__name__, "drop", error)
            finally:
                self._release_refs(metadata)
        return [result for result in results if result is not None]
