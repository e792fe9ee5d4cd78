"""From the options of `streamshade serve` to a running `panel serve`."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, cast

import click
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.websocket import WebSocketClosedError

import pipelines
from pipelines.core.errors import SpecError
from pipelines.core.url import nearest
from pipelines.kernels.warm import warm
from pipelines.live.feeds import MEMORY_VARIABLE, SOURCE_VARIABLE, WINDOW_VARIABLE, declare, launch_demo, process_feeds

__all__ = ["PAGES", "page_files", "panel_arguments", "serve"]

PAGES: Final = Path(pipelines.__file__).parent.parent / "dashboards"
"""The folder of our pages: beside the package, in a checkout as in an installed wheel."""

_INDEX: Final = "overview"


def serve(
    pages: Sequence[str],
    *,
    sources: Sequence[str],
    port: int,
    address: str,
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
    window, memory : str
        How much is kept, such as ``30m`` and ``4G``.
    panel_options : sequence of str
        Handed on to ``panel serve`` as they are.

    Raises
    ------
    SpecError
        Where a page, a source or an amount can't be read, before anything is started.
    """
    files = page_files(pages)
    urls = list(sources) or os.environ.get(SOURCE_VARIABLE, "").split()
    declare(urls, window=window, memory=memory)
    _refuse_several_processes(panel_options)
    _refuse_login_without_secret(panel_options)
    port = _free_port(address, port)
    os.environ[SOURCE_VARIABLE] = " ".join(urls)
    os.environ[WINDOW_VARIABLE], os.environ[MEMORY_VARIABLE] = window, memory
    _set_up_logging()
    if not urls:
        launch_demo()
    main = _prepare()
    for feed in process_feeds():
        click.echo(f"reading {feed.spec.source.redacted} as {feed.name!r}")
    click.echo(f"serving http://{address}:{port}/ (Ctrl-C ends it)")
    sys.argv = panel_arguments(files, port=port, address=address, panel_options=panel_options)
    gc.freeze()  # of what is imported nothing is garbage: looking through it would hold everything up for 0.3 s
    gc.enable()
    main()


def page_files(pages: Sequence[str]) -> list[Path]:
    """Return the files of the pages that are named, or of all our own; raises `SpecError` where there is none."""
    ours = {file.stem: file for file in sorted(PAGES.glob("*.py"))}
    files = []
    for page in pages:
        file = ours.get(page, Path(page))
        if not file.exists():
            raise SpecError(f"there is no page {page!r}{nearest(page, ours)}")
        files.append(file)
    return files or list(ours.values())


def panel_arguments(files: Sequence[Path], *, port: int, address: str, panel_options: Sequence[str]) -> list[str]:
    """Return the command line of ``panel serve`` for these pages. An `--index` or `--plugins` of one's own is kept."""
    arguments = ["panel", "serve", *map(str, files), "--port", str(port), "--address", address]
    plugins = ["pipelines.live.routes"]
    options = list(panel_options)
    if "--plugins" in options:
        place = options.index("--plugins") + 1
        options[place:place] = plugins
    else:
        options += ["--plugins", *plugins]
    if "--index" not in options and any(file.stem == _INDEX for file in files):
        options += ["--index", _INDEX]
    if "--log-level" not in options:
        options += ["--log-level", "warning"]
    return arguments + options


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


def _prepare() -> Callable[[], None]:
    """Import what pages need, and start the feeds in time for their first rows to be there; returns Panel's command.

    Earlier the feeds would take time from the imports.
    """
    threading.Thread(target=warm, name="warming", daemon=True).start()
    importlib.import_module("holoviews.plotting.bokeh")
    process_feeds()
    importlib.import_module("panel_material_ui")
    command = importlib.import_module("panel.command")
    return cast("Callable[[], None]", command.main)


def _set_up_logging() -> None:
    """Say on the standard error how sources stand, and leave out what tells an operator nothing."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    ours = logging.getLogger("pipelines")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    logging.getLogger("asyncio").addFilter(_is_no_departure)
    logging.getLogger("bokeh.server.views.ws").addFilter(
        lambda record: "connection was closed" not in record.getMessage()
    )
    logging.getLogger("tornado.access").addFilter(lambda record: "503 GET /ready" not in record.getMessage())


def _is_no_departure(record: logging.LogRecord) -> bool:
    """Tell whether a log record is about anything else than a browser that left while something was sent to it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, WebSocketClosedError | StreamClosedError)


def _refuse_several_processes(panel_options: Sequence[str]) -> None:
    words = " ".join(panel_options).replace("=", " ").split()
    for name, value in pairwise([*words, ""]):
        if name == "--num-procs" and value != "1":
            raise SpecError(
                "--num-procs would read every source once a process: run one process, "
                "or several on ports of their own with sources of their own"
            )


def _refuse_login_without_secret(panel_options: Sequence[str]) -> None:
    """Refuse what Panel serves as pages that all fail: it can't sign what a browser is known by."""
    options = {word.partition("=")[0] for word in panel_options}
    with_login = "--basic-auth" in options or bool(os.environ.get("PANEL_BASIC_AUTH"))
    if with_login and "--cookie-secret" not in options and not os.environ.get("PANEL_COOKIE_SECRET"):
        raise SpecError("--basic-auth needs a --cookie-secret, or PANEL_COOKIE_SECRET: a long random text to sign with")
