"""From the options of `streamshade collect` to feeds that other processes show."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from pipelines.core.child import Child
from pipelines.live.feeds import MEMORY_VARIABLE, SOURCE_VARIABLE, WINDOW_VARIABLE, declare, local_feeds
from pipelines.live.relay.address import COLLECTOR_VARIABLE, make_outlet
from pipelines.live.relay.run import collect as publish

__all__ = ["FeedProcess", "collect", "declare_feeds", "log_to_stderr"]

_READY: Final = "ready"


def declare_feeds(sources: Sequence[str], *, window: str, memory: str) -> list[str]:
    """Declare the feeds of this process and its children, in the environment; returns their URLs.

    Parameters
    ----------
    sources : sequence of str
        URLs; none means what the environment declares already, or the demo.
    window, memory : str
        How much is kept, such as ``30m`` and ``4G``.

    Raises
    ------
    SpecError
        Where one of them can't be read. Nothing has changed then.
    """
    urls = list(sources) or os.environ.get(SOURCE_VARIABLE, "").split()
    declare(urls, window=window, memory=memory)
    os.environ[SOURCE_VARIABLE] = " ".join(urls)
    os.environ[WINDOW_VARIABLE], os.environ[MEMORY_VARIABLE] = window, memory
    return urls


def collect(to: str, *, parent_pid: int | None, say: Callable[[str], None]) -> None:
    """Run the feeds that are declared, and publish what servers want of them, until a signal ends it.

    Parameters
    ----------
    to : str
        Where to: an address of a collector.
    parent_pid : int or None
        Whose child this is, to end with it.
    say : callable
        Told in a line when servers can connect, before that which feeds there are.

    Raises
    ------
    SpecError
        Where `to` can't be read or published to, or another collector is there.
    SourceError
        Where the demo can't be started.
    """
    outlet = make_outlet(to)
    log_to_stderr()
    feeds = local_feeds()

    def began() -> None:
        say(_READY)
        if parent_pid is not None:  # which reads no more than that
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    try:
        publish(feeds, outlet, parent_pid=parent_pid, began=began)
    finally:
        feeds.stop()
        if parent_pid not in (None, os.getppid()):  # it made a folder for us, and is gone
            with contextlib.suppress(OSError):
                Path(unquote(urlsplit(to).path)).parent.rmdir()


def log_to_stderr() -> None:
    """Say on the standard error how sources stand."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    ours = logging.getLogger("pipelines")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False


class FeedProcess(Child):
    """The feeds that are declared, in a process of their own: what pages and viewers cost takes nothing from them.

    Attributes
    ----------
    address : str
        Where it publishes: a socket in a new folder that is ours alone.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="streamshade-"))
        self.address = f"unix://{quote(str(self._folder / 'feeds'))}"
        command = ("-m", "pipelines", "collect", "--to", self.address, "--parent", str(os.getpid()))
        super().__init__("the feed process", command, environment={COLLECTOR_VARIABLE: ""})

    def stop(self) -> None:
        """End it and wait for it. Does nothing where it is stopped, or in a fork of its parent."""
        super().stop()
        if self.pid is None:
            shutil.rmtree(self._folder, ignore_errors=True)
