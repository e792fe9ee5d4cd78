"""The picture in a real JupyterLab, by its own repr."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from tests.browser.conftest import FLAGS
from tests.servers import free_port
from tests.waiting import wait_until

NOTEBOOKS = ("first.ipynb", "second.ipynb", "third.ipynb")
CELLS = [
    "import panel as pn; pn.extension(inline=True)",
    """
from pipelines.live.feeds import open_feed
from pipelines.views.ticks.picture import TickPicture
feed = open_feed("sim://market?rate=5000&symbols=3&name=lab")
TickPicture(feed, kind="trades", key="BTC-USD")
""",
    """
import threading
print("sources:", sum(thread.name == "source lab" for thread in threading.enumerate()))
""",
]


def notebook() -> str:
    cells = [
        {"id": str(n), "cell_type": "code", "metadata": {}, "source": s.strip(), "outputs": [], "execution_count": None}
        for n, s in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab without a token, on loopback, with some equal notebooks."""
    folder, port = tmp_path_factory.mktemp("lab"), free_port()
    for name in NOTEBOOKS:
        (folder / name).write_text(notebook())
    log_path = folder / "log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"),
                *("--ip=127.0.0.1", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"),
                *("--LabApp.news_url=None", f"--LabApp.workspaces_dir={folder / 'workspaces'}"),
            ],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "is running at" in log_path.read_text(), 60, what=f"JupyterLab, see {log_path}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def page(chromium_path: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser.new_page(viewport={"width": 1400, "height": 1000})
        browser.close()


def open_notebook(page: Page, lab: str) -> None:
    """Open a notebook and load Panel into it.

    JupyterLab may open the first one before Panel's extension is there, which then takes no notice of it: another one,
    with a kernel of its own, follows, in a workspace that shows nothing else.
    """
    for name in NOTEBOOKS:
        page.goto(f"{lab}/lab/tree/{name}?reset")
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached", timeout=60_000)
        run(page, 0)
        with suppress(NotInTime):
            page.wait_for_function("window.Bokeh?.Panel !== undefined", timeout=20_000)
            return
    raise AssertionError("Panel could not be loaded into a notebook")


def run(page: Page, cell: int) -> Any:
    """Run a cell of the notebook to its end, and return its place on the page."""
    place = page.locator(".jp-Notebook .jp-CodeCell").nth(cell)
    prompt = place.locator(".jp-InputPrompt")
    before = prompt.inner_text()

    def begins() -> bool:
        place.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")  # is lost while the notebook still connects to its kernel
        page.wait_for_timeout(1_000)
        return prompt.inner_text() != before

    wait_until(begins, 60, what=f"cell {cell} begins")
    # on a fresh machine the first run compiles Datashader's kernels
    wait_until(lambda: "*" not in prompt.inner_text(), 120, what=f"cell {cell} ran")
    return place


def test_the_pane_moves_in_jupyterlab_and_a_cell_run_five_times_leaves_one_source(page: Page, lab: str) -> None:
    open_notebook(page, lab)
    for _ in range(5):
        picture = run(page, 1)
        canvas = picture.locator("canvas").first
        canvas.wait_for(timeout=60_000)
    first = canvas.screenshot()
    wait_until(lambda: canvas.screenshot() != first, 30)
    counted = run(page, 2)
    output = counted.locator(".jp-OutputArea-output")
    wait_until(lambda: output.count() and output.first.inner_text().strip())
    assert output.first.inner_text().strip() == "sources: 1"
