"""One client: what it may see, what it watches and what it asked for. The protocol, without the socket."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError, StreamshadeError
from pipelines.core.spec import View, ViewSpec
from pipelines.live.broadcast.pane import Pane
from pipelines.live.broadcast.transport import Transport
from pipelines.live.streams.stream import Range
from pipelines.live.wire.parts import VERSION
from pipelines.live.wire.replies import failed, picked, pong, renewed, subscribed, welcome
from pipelines.live.wire.requests import (
    Ack,
    Explore,
    Go,
    Hello,
    Leave,
    Pause,
    Pick,
    Ping,
    ProtocolError,
    Request,
    Subscribe,
    read_request,
)

if TYPE_CHECKING:
    from pipelines.live.broadcast.hub import Hub

__all__ = ["Viewer"]

_MOST_PANES: Final = 32

_HELLO_NS: Final = 10 * NS_PER_SECOND
"""Who has not said hello by then is in the way of others."""


class Viewer:
    """One client.

    Parameters
    ----------
    hub : Hub
        What serves it.
    transport : Transport
        The way to it.
    rights : mapping of str to View, optional
        What it may see, by the names that it calls them; without it, what its ticket says.

    Attributes
    ----------
    panes : dict of int to Pane
        What it watches, by the numbers that it gave.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self, hub: Hub, transport: Transport, rights: Mapping[str, View] | None = None) -> None:
        self.transport = transport
        self.panes: dict[int, Pane] = {}
        self._hub = hub
        self._rights = rights
        self._renewed_ns = hub.wall_ns()
        self._came_ns = hub.now_ns()
        self._is_closed = False
        self._pick: Pick | None = None
        self._is_picking = False

    def receive(self, message: str | bytes) -> None:
        """Do what the client says. It is cut off, and told why, where that is not allowed, and not heard any more."""
        if self._is_closed:
            return
        try:
            request = read_request(message)
            if self._rights is None and not isinstance(request, Hello):
                raise ProtocolError("the first message is hello, with a ticket")
            self._do(request)
        except StreamshadeError as error:
            self.close(str(error))

    def close(self, reason: str = "") -> None:
        """Forget the client."""
        self._is_closed = True
        for number in tuple(self.panes):
            self._leave(number)
        self._hub.forget(self)
        self.transport.close(reason)

    def flush(self, now_ns: int) -> None:
        """Send what is due: the newest only, and nothing to a client that lags behind."""
        if self._rights is None and now_ns - self._came_ns >= _HELLO_NS:
            self.close("nobody said hello in time: load the page again")
            return
        for pane in [pane for pane in self.panes.values() if pane.channel.stream.failure]:
            self._leave(pane.number)
            self.transport.send(failed(pane=pane.number, reason=pane.channel.stream.failure))
        if self.transport.is_congested:
            for pane in self.panes.values():
                if pane.is_due(now_ns):
                    pane.leave_out()
            return
        for pane in self.panes.values():
            self._tell_answer(pane, now_ns)
            if not pane.is_due(now_ns):
                continue
            if pane.is_behind:
                pane.leave_out()
                continue
            for message in pane.take_messages(now_ns):
                self.transport.send(message)

    @singledispatchmethod
    def _do(self, request: Request) -> None:
        raise ProtocolError(f"{type(request).__name__} can't be done")

    @_do.register
    def _(self, request: Hello) -> None:
        if request.version != VERSION:
            raise ProtocolError(f"this server speaks version {VERSION}: load the page again")
        self._rights = self._hub.tickets.read(request.ticket)
        self._renewed_ns = self._hub.wall_ns()
        self.transport.send(welcome())

    @_do.register
    def _(self, request: Subscribe) -> None:
        view = (self._rights or {}).get(request.view)
        if view is None:
            raise ProtocolError(f"the ticket is for no view {request.view!r}")
        self._leave(request.pane)
        if len(self.panes) >= _MOST_PANES:
            raise ProtocolError(f"a client has at most {_MOST_PANES} panes")
        self.transport.send(subscribed(pane=request.pane))
        try:
            if isinstance(view, ViewSpec):
                view = replace(view, n_columns=request.columns)
            channel = self._hub.open_channel(view)
        except SpecError as error:
            self.transport.send(failed(pane=request.pane, reason=str(error)))
            return
        self.panes[request.pane] = Pane(request.pane, channel, fps=request.fps)
        self.flush(self._hub.now_ns())

    @_do.register
    def _(self, request: Leave) -> None:
        self._leave(request.pane)

    @_do.register
    def _(self, request: Pause) -> None:
        self._pane(request.pane).stop()

    @_do.register
    def _(self, request: Go) -> None:
        self._pane(request.pane).follow()
        self.flush(self._hub.now_ns())

    @_do.register
    def _(self, request: Ack) -> None:
        pane = self._pane(request.pane)
        pane.painted(request.generation)
        for delay_ms in request.delays_ms:
            pane.channel.counts.to_pixel.observe(delay_ms)

    @_do.register
    def _(self, request: Ping) -> None:
        now_ns = self._hub.wall_ns()
        self.transport.send(pong(sent_ms=request.sent_ms, server_ns=now_ns))
        if self._rights and self._hub.tickets.is_aging(self._renewed_ns):
            self._renewed_ns = now_ns
            self.transport.send(renewed(self._hub.tickets.mint(self._rights)))

    @_do.register
    def _(self, request: Explore) -> None:
        pane = self._pane(request.pane)
        pane.paused = True
        where = Range(_time(request.start), _time(request.end), request.low, request.high, request.columns)
        try:
            pane.look_at(where, request.request, self._hub.wake)
        except SpecError as error:
            self.transport.send(failed(pane=pane.number, request=request.request, reason=str(error)))
            return
        self._tell_answer(pane, self._hub.now_ns())

    def _tell_answer(self, pane: Pane, now_ns: int) -> None:
        answer = pane.take_answer(now_ns)
        if answer is not None:
            self.transport.send(answer)

    @_do.register
    def _(self, request: Pick) -> None:
        self._pane(request.pane)
        self._pick = request
        if not self._is_picking:
            self._pick_next()

    def _pick_next(self) -> None:
        """Find the row for the newest pick: one at a time, so that who points at much waits for themselves alone."""
        request, self._pick = self._pick, None
        pane = None if request is None else self.panes.get(request.pane)
        self._is_picking = request is not None and pane is not None
        if request is None or pane is None:
            return
        number, time_ns, value = request.request, int(request.time), request.value

        def tell(row: dict[str, str] | None) -> None:
            if not self._is_closed:
                self.transport.send(picked(pane=pane.number, request=number, row=row or {}))
            self._pick_next()

        self._hub.aside(lambda: pane.row_at(time_ns, value), tell)

    def _pane(self, number: int) -> Pane:
        pane = self.panes.get(number)
        if pane is None:
            raise ProtocolError(f"there is no pane {number}")
        return pane

    def _leave(self, number: int) -> None:
        pane = self.panes.pop(number, None)
        if pane is not None:
            pane.stop()
            self._hub.leave_channel(pane.channel)


def _time(digits: str) -> int:
    time_ns = int(digits)
    if abs(time_ns) >= 1 << 63:
        raise ProtocolError("times have 64 bits")
    return time_ns
