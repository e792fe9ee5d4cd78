"""A server of the pages in a process of its own, and tabs that note whatever goes wrong in them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.servers import free_port
from tests.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class PageServer:
    """`panel serve` of all pages, on one port over all its restarts.

    Parameters
    ----------
    log : Path
        Where it writes.
    source : str
        URL of its source.
    """

    def __init__(self, log: Path, source: str) -> None:
        self.address = f"http://127.0.0.1:{(port := free_port())}"
        self.log = log
        self._environment = {**os.environ, "STREAMSHADE_SOURCE": source}
        pages = [str(page) for page in sorted((ROOT / "dashboards").glob("*.py"))]
        options = ["--port", str(port), "--address", "127.0.0.1", "--plugins", "pipelines.live.routes"]
        self._command = [sys.executable, "-m", "panel", "serve", *pages, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, until: str = "/ready") -> None:
        """Start it and wait until a route answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: self._answers(until), 60, what=f"{until} answers, see {self.log}")

    def stop(self) -> None:
        """Kill it and whatever it started. Does nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def _answers(self, route: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(self.address + route, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


@contextmanager
def page_server(folder: Path, source: str, *, until: str = "/ready") -> Iterator[PageServer]:
    """Run a server, and look into its log in the end: no page may have failed."""
    server = PageServer(folder / "server.log", source)
    try:
        server.start(until=until)
        yield server
    finally:
        server.stop()
    log = server.log.read_text(errors="replace")
    assert "/pipelines/" not in log, log  # in a traceback


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A browser for the tests of a module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        browser.close()


OpenTab = Callable[..., Page]


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[OpenTab]:
    """Open addresses in tabs of fresh browsers. No tab may log an error or ask anybody but this machine.

    A tab that `loses_server` may log that it does not answer.
    """
    faults: list[str] = []
    contexts: list[Any] = []

    def open_tab(
        address: str, *, width: int = 1_400, height: int = 900, loses_server: bool = False, **options: Any
    ) -> Page:
        def note(text: str) -> None:
            if not (loses_server and re.search("net::ERR_|not connected|network error", text)):
                faults.append(text)

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                note(message.text)

        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        tab = contexts[-1].new_page()
        tab.on("console", on_console)
        tab.on("pageerror", lambda error: note(str(error)))
        tab.on("request", lambda request: faults.append(request.url) if _leaves_the_machine(request.url) else None)
        tab.goto(address)
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    assert faults == []


def _leaves_the_machine(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
