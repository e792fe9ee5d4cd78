"""The one thread that runs a feed's graph."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.message import Message, Position
from pipelines.graph.build import Graph
from pipelines.graph.context import Context
from pipelines.graph.pass_size import PassSize
from pipelines.graph.passes import Passes
from pipelines.graph.reference import Reference
from pipelines.sources.contract import Source

__all__ = ["Writer"]

_log = logging.getLogger(__name__)

_MAX_MESSAGES: Final = 4_096
_CLOSED_S: Final = 0.01


class Writer:
    """Takes messages from a source, sends them through the graph, and releases their positions.

    Messages that come within `coalesce_ns` go through together, sooner where the source says that enough wait; where
    many wait, as many as `pass_size` says, and at once. One reference counter a pass holds its positions until the
    graph, and whatever nodes users attached, let go.

    Parameters
    ----------
    source : Source
        Where messages come from.
    graph : Graph
        Where they go.
    context : Context
        What the graph writes to.
    coalesce_ns : int
        Longest wait for more messages after the first.
    prepare : callable
        Called in the writer's thread when it starts, before the first message is taken.
    publish : callable
        Called in the writer's thread after each pass, and whenever nothing came for a while.
    patience_s : callable
        Returns how long that while is, in seconds; where it is shorter than `coalesce_ns`, no longer is waited for
        messages either.

    Notes
    -----
    *Threads.* Owns one thread. `start` and `stop` are idempotent, restartable, and may be called from any thread but
    the writer's own.
    """

    def __init__(
        self,
        *,
        source: Source,
        graph: Graph,
        context: Context,
        coalesce_ns: int,
        prepare: Callable[[], None],
        publish: Callable[[], None],
        patience_s: Callable[[], float],
    ) -> None:
        self.source = source
        self.graph = graph
        self.context = context
        self._linger_s = coalesce_ns / NS_PER_SECOND
        self._prepare = prepare
        self._publish = publish
        self._patience_s = patience_s
        self.pass_size = PassSize()
        self._passes = Passes(self._release)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to write, also after the feed has stopped by itself. Does nothing where the thread runs."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            sys.setswitchinterval(0.0005)  # with a busy writer this keeps the server's event loop answering
            self._stopping = threading.Event()
            self._passes.forget()
            self.context.stopped_by = ""
            name = f"writer {self.source.spec.name}"
            self._thread = threading.Thread(target=self._run, args=(self._stopping,), name=name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the current pass, and wait for it."""
        with self._lock:
            self._stopping.set()
            if self._thread is not None:
                self._thread.join()
            self._thread = None

    def write(self, messages: Sequence[Message]) -> None:
        """Send messages through the graph in the calling thread: one pass.

        Their positions are released when the pass is done, unless it stopped the feed: what it did not store is then
        redelivered after a restart.
        """
        began_ns = self.context.clock.monotonic_ns()
        reference = Reference(self._passes.begin([message.position for message in messages]))
        self.context.ledger.receive_messages(len(messages))
        try:
            self.graph.entry.update(messages, metadata=[{"ref": reference}])
        finally:
            reference.release()
        n_bytes = sum(len(message.payload) for message in messages)
        self.pass_size.observe(n_bytes, took_ns=self.context.clock.monotonic_ns() - began_ns)

    def _run(self, stopping: threading.Event) -> None:
        self._fenced(self._prepare, "prepare")
        while not stopping.is_set() and not self.context.stopped_by:
            patience_s = self._patience_s()
            messages = self.source.queue.take(
                max_messages=_MAX_MESSAGES,
                max_bytes=self.pass_size.n_bytes,
                linger_s=0.0 if self._fills_a_pass() else min(self._linger_s, patience_s),
                enough=self.source.coalesce_messages,
                timeout_s=patience_s,
            )
            if messages:
                self._fenced(partial(self.write, messages), "writer")
            else:
                stopping.wait(min(_CLOSED_S, patience_s))  # a closed queue answers at once
            self._fenced(self._publish, "publish")
        if self.context.stopped_by:
            _log.error("feed %s stopped: %s", self.source.spec.name, self.context.stopped_by)
            self.source.stop()

    def _fills_a_pass(self) -> bool:
        """Tell whether so much waits that whatever else comes has to wait for a later pass."""
        return self.source.queue.statistics().n_bytes >= self.pass_size.n_bytes

    def _fenced(self, work: Callable[[], None], name: str) -> None:
        try:
            work()
        except BaseException as error:
            self.context.fault(name, "drop" if name == "prepare" else "stop", error)

    def _release(self, positions: Sequence[Position]) -> None:
        if not self.context.stopped_by:
            self.source.release(positions)
