from __future__ import annotations

import gc
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.core.errors import SpecError
from pipelines.live.feeds import Feeds, declare
from pipelines.live.panel_options import page_files, panel_arguments
from pipelines.live.serve import serve


def test_all_our_pages_are_served_unless_some_are_named() -> None:
    assert {file.stem for file in page_files([])} >= {"overview", "market", "status"}
    assert [file.stem for file in page_files(["market"])] == ["market"]


def test_a_file_of_ones_own_is_a_page(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.touch()
    assert page_files([str(mine), "status"])[0] == mine


def test_an_unknown_page_is_named_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'market'"):
        page_files(["markt"])


def test_what_follows_the_dashes_is_handed_on() -> None:
    arguments = panel_arguments(
        [Path("overview.py")], port=1, address="127.0.0.1", panel_options=["--admin", "--plugins", "mine"]
    )
    assert arguments == [
        *("panel", "serve", "overview.py", "--port", "1", "--address", "127.0.0.1"),
        *("--admin", "--plugins", "pipelines.live.routes", "mine", "--index", "overview", "--log-level", "warning"),
    ]


@pytest.mark.parametrize("options", [["--index", "x"], ["--log-level", "debug"]])
def test_an_option_of_ones_own_is_kept(options: list[str]) -> None:
    arguments = panel_arguments([Path("overview.py"), Path("x.py")], port=1, address="::1", panel_options=options)
    assert arguments.count(options[0]) == 1
    assert arguments[arguments.index(options[0]) + 1] == options[1]


def serve_market(*, port: int = 0, panel_options: Sequence[str] = ()) -> None:
    """Try to serve what must not be started."""
    serve(
        [],
        sources=["sim://market"],
        port=port,
        address="127.0.0.1",
        window="1m",
        memory="1G",
        panel_options=panel_options,
    )


@pytest.mark.parametrize("option", [["--basic-auth", "pw"], ["--basic-auth=pw"]])
def test_a_login_without_a_secret_is_refused_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    monkeypatch.delenv("PANEL_COOKIE_SECRET", raising=False)
    with pytest.raises(SpecError, match="--cookie-secret"):
        serve_market(panel_options=option)


@pytest.mark.parametrize("option", [["--num-procs", "2"], ["--num-procs=4"], ["--num-procs", "0"], ["--num-p", "2"]])
def test_several_processes_are_refused_with_what_to_do_instead(option: list[str]) -> None:
    with pytest.raises(SpecError, match="add --feed-process"):
        serve_market(panel_options=option)


def test_a_taken_port_is_named_before_anything_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SpecError, match=f"127.0.0.1:{port} .* --port"):
            serve_market(port=port)


def test_garbage_is_looked_for_again_where_nothing_is_started() -> None:
    assert CliRunner().invoke(main, ["serve", "markt"]).exit_code == 1
    assert gc.isenabled()


def test_the_first_market_page_needs_neither_pandas_nor_datashader() -> None:
    """They take seconds to import."""
    script = """
import sys
import pipelines.live.serve
from pipelines.views.candles.market_candles import MarketCandles
from pipelines.views.market_choice import MarketChoice
from pipelines.views.market_picture import MarketPicture
from pipelines.views.page.frame import PageFrame
from pipelines.views.quote_strip import QuoteStrip
from pipelines.views.tape import Tape
from tests.views.fakes import FakeFeed

feed = FakeFeed()
feed.trade("A", 1.0)

def compose(frame):
    choice = MarketChoice([feed], frame.browser)
    choice.update()
    views = (MarketPicture(choice, frame.browser), Tape(choice))
    return [choice, QuoteStrip(choice), views, MarketCandles(choice, frame.browser)]

page = PageFrame("market", compose)._page
models = {type(model).__name__ for model in page.get_root().references()}
assert "Image" in models, models
print(*sorted({"pandas", "datashader", "xarray", "dask"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("\n", 0), done.stderr


def test_feeds_share_the_memory_and_compute_what_is_always_on() -> None:
    specs = declare(["sim://market?kind=trades,quotes", "mqtt://h/t?format=json&kind=readings"], memory="24G")
    assert [spec.retention.memory_bytes for spec in specs] == [7 << 30, 7 << 30]
    assert sum(spec.picture_bytes for spec in specs) == 3 << 30
    assert [(a.name, a.kind) for a in specs[1].aggregates] == [("last", "readings"), ("rates", "readings")]


def test_two_feeds_of_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match="another name="):
        Feeds(declare(["sim://market?seed=1", "sim://market?seed=2"]))
