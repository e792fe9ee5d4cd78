"""From the options of `streamshade serve` to a running `panel serve`."""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final, cast

import click
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.websocket import WebSocketClosedError

from pipelines.core.child import end_with_parent
from pipelines.core.errors import SourceError, SpecError
from pipelines.kernels.warm import warm
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.collect import FeedProcess, declare_feeds, log_to_stderr
from pipelines.live.feeds import launch_demo, process_feeds, will_be_several
from pipelines.live.panel_options import n_processes, page_files, panel_arguments, refuse_login_without_secret
from pipelines.live.relay.address import COLLECTOR_VARIABLE

__all__ = ["serve"]

_END_S: Final = 15.0
"""How long the server may take to end once it is told to: its children may take five seconds each."""

_INTERRUPTED: Final = 130
"""Exit code of a command that was ended by Ctrl-C, as shells count."""

_LOG: Final = logging.getLogger(__name__)


def serve(
    pages: Sequence[str],
    *,
    sources: Sequence[str],
    port: int,
    address: str,
    collector: str | None = None,
    feed_process: bool = False,
    window: str,
    memory: str,
    panel_options: Sequence[str] = (),
) -> None:
    """Start the feeds, then Panel's server; returns when it is told to end.

    Parameters
    ----------
    pages : sequence of str
        Names of our pages or files of one's own; none means all of ours.
    sources : sequence of str
        URLs; none means what the environment declares, or the demo.
    port, address
        Where to listen.
    collector : str, optional
        Address of a collector, whose feeds are shown instead of feeds of our own.
    feed_process : bool
        Whether feeds of our own run in a process of their own.
    window, memory : str
        How much is kept, such as ``30m`` and ``4G``.
    panel_options : sequence of str
        Handed on to ``panel serve`` as they are.

    Raises
    ------
    SpecError
        Where a page, a source or an amount can't be read, before anything is started.
    SourceError
        Where the demo or the feed process can't be started.
    """
    files = page_files(pages)
    collector = collector or os.environ.get(COLLECTOR_VARIABLE, "")
    n_servers = n_processes(panel_options)
    _refuse_contradictions(collector, sources, n_servers=n_servers, feed_process=feed_process)
    urls = declare_feeds(sources, window=window, memory=memory)
    refuse_login_without_secret(panel_options)
    port = _free_port(address, port)
    _set_up_logging()
    feeds = _launch_feeds() if feed_process else None
    os.environ[COLLECTOR_VARIABLE] = collector if feeds is None else feeds.address
    if not urls and not os.environ[COLLECTOR_VARIABLE]:
        launch_demo()
    main = _prepare(is_alone=not os.environ[COLLECTOR_VARIABLE])
    if feeds is not None:
        feeds.start()
        _keep(feeds, n_forks=n_servers if n_servers > 1 else 0)
    _introduce(is_several=n_servers > 1)
    click.echo(f"serving http://{address}:{port}/ (Ctrl-C ends it)")
    sys.argv = panel_arguments(files, port=port, address=address, panel_options=panel_options)
    _settle()
    main()


def _settle() -> None:
    gc.freeze()  # of what is imported nothing is garbage: looking through it would hold everything up for 0.3 s
    gc.enable()
    _heed_interrupts()


def _heed_interrupts() -> None:
    """Let Ctrl-C end the server as SIGTERM does, and be done with it after some seconds.

    As an exception it would come in the middle of anything, where it may get lost.
    """

    def end(*_: object) -> None:
        cut = threading.Timer(_END_S, os._exit, (_INTERRUPTED,))
        cut.daemon = True
        cut.start()
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, end)


def _refuse_contradictions(collector: str, sources: Sequence[str], *, n_servers: int, feed_process: bool) -> None:
    if collector and sources and not feed_process:
        raise SpecError(f"{COLLECTOR_VARIABLE} names a collector, whose feeds are shown: unset it, or give no --source")
    if n_servers > 1 and not (collector or feed_process):
        raise SpecError("--num-procs would read every source once a process: add --feed-process, before the --")


def _launch_feeds() -> FeedProcess:
    """Start the feed process, to be waited for; it is ended with us."""
    feeds = FeedProcess()
    atexit.register(feeds.stop)
    feeds.launch()
    return feeds


def _keep(feeds: FeedProcess, *, n_forks: int) -> None:
    """Have the feed process started again when it ends by itself: by a thread, which begins after so many forks."""

    def forked() -> None:
        nonlocal n_forks
        n_forks -= 1
        if n_forks == 0:
            feeds.keep(_LOG.error)

    if n_forks:
        os.register_at_fork(after_in_parent=forked)
    else:
        feeds.keep(_LOG.error)


def _free_port(address: str, port: int) -> int:
    """Return the port to listen at, a free one for 0. Found out before the feeds start: Panel does it after."""
    try:
        listeners = bind_sockets(port, address)
        port = listeners[0].getsockname()[1]
        for listener in listeners:
            listener.close()
    except OSError as error:
        raise SpecError(
            f"can't listen at {address}:{port} ({error.strerror}): choose another with --port or --address"
        ) from error
    return port


def _prepare(*, is_alone: bool) -> Callable[[], None]:
    """Import what pages need; returns Panel's command.

    Feeds of this process are started in time for their first rows to be there; earlier they would take time from the
    imports.
    """
    if is_alone:
        threading.Thread(target=warm, name="warming", daemon=True).start()
    importlib.import_module("holoviews.plotting.bokeh")
    if is_alone:
        process_feeds()
    importlib.import_module("panel_material_ui")
    command = importlib.import_module("panel.command")
    return cast("Callable[[], None]", command.main)


def _introduce(*, is_several: bool) -> None:
    """Say what is shown; several processes each find that out by themselves, for threads don't survive a fork."""
    if is_several:
        process_tickets()  # with one secret for all
        will_be_several()
        os.register_at_fork(after_in_child=_end_with_parent)
        return
    try:
        for feed in process_feeds():
            click.echo(f"reading {feed.status().address} as {feed.name!r}")
    except SourceError as error:  # it may be started later
        click.echo(f"{error} Pages will say so until it answers.", err=True)


def _end_with_parent() -> None:
    """Have this process, one of several that serve, end with the one that forked it, which may be told to alone."""
    parent_pid, ours = os.getppid(), os.getpid()
    end_with_parent(lambda: os.kill(ours, signal.SIGTERM), parent_pid=parent_pid)


def _set_up_logging() -> None:
    """Say on the standard error how sources stand, and leave out what tells an operator nothing."""
    log_to_stderr()
    logging.getLogger("asyncio").addFilter(_is_no_departure)
    logging.getLogger("bokeh.server.views.ws").addFilter(
        lambda record: "connection was closed" not in record.getMessage()
    )
    logging.getLogger("tornado.access").addFilter(lambda record: "503 GET /ready" not in record.getMessage())


def _is_no_departure(record: logging.LogRecord) -> bool:
    """Tell whether a log record is about anything else than a browser that left while something was sent to it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, WebSocketClosedError | StreamClosedError)
