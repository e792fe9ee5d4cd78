"""Tabs that note whatever goes wrong in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


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
