"""The page of `tick_app` in a process of its own, and what is to be read of it in the browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page

from tests.servers import free_port
from tests.waiting import wait_until

__all__ = ["FIGURE", "RANGES", "SECRET", "TickServer", "figure_on", "middle"]

SECRET: Final = "one for all restarts"
FIGURE: Final = "[...Bokeh.documents[0]._all_models.values()].find((model) => model.type === 'Figure')"
RANGES: Final = (
    f"(() => {{const f = {FIGURE}; return [f.x_range.start, f.x_range.end, f.y_range.start, f.y_range.end]}})()"
)
_IS_DRAWN: Final = f"{FIGURE}?.renderers[0].data_source.data.image.length > 1"


class TickServer:
    """A server of one picture, on one port over all its restarts.

    Parameters
    ----------
    log : Path
        Where it writes.
    over : {"route", "document"}
        What the frames come over.
    """

    def __init__(self, log: Path, over: str) -> None:
        self.log = log
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "tests.browser.tick_app", str(port), over]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=Path(__file__).parents[2],
                env={**os.environ, "STREAMSHADE_SECRET": SECRET},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, 60, what=f"the page is served, see {self.log}")

    def stop(self) -> None:
        """Kill it. Does nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def freeze(self) -> None:
        """Let it stand still: its sockets stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def flow(self, action: str) -> None:
        """Let rows come (``go``), or end that (``stop``)."""
        self._ask(action)

    def newest(self) -> dict[str, Any]:
        """Return the newest frame of the only view that is watched."""
        return dict(json.loads(self._ask("newest")))

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.address}/{path}", timeout=10) as answer:
            return bytes(answer.read())

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            self._ask("stop")
        except OSError:
            return False
        return True


def figure_on(tab: Page) -> Locator:
    """Return the figure of a page, once the first picture is drawn in it."""
    figure = tab.locator(".bk-Figure").first
    figure.wait_for(timeout=30_000)
    wait_until(lambda: tab.evaluate(_IS_DRAWN), 30, what=f"a picture is drawn; the page says: {tab.inner_text('body')}")
    return figure


def middle(figure: Locator) -> tuple[float, float]:
    """Return the middle of a figure on its page."""
    box = figure.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
