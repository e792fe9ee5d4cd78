"""The pages in a real browser, on a simulated market."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenTab
from tests.browser.tick_server import RANGES as TICK_RANGES
from tests.browser.tick_server import figure_on, middle
from tests.page_server import PageServer, page_server

PAGES = ("overview", "market", "status")
PATIENCE_MS = 30_000
DARK = re.compile(r"rgb\((1?\d|2\d|3\d), ")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("pages"), "sim://market?rate=5000&symbols=10&seed=1") as server:
        yield server


def expect_to_change(locator: Locator) -> None:
    expect(locator).not_to_have_text(locator.inner_text(timeout=PATIENCE_MS), timeout=PATIENCE_MS)


def fact(tab: Page, name: str) -> Locator:
    return tab.locator(f"dl > div:has(dt:text-is('{name}')) dd").first


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_what_is_live_and_goes_on_doing_so(page: str, served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/{page}")
    expect(tab.locator(".badge.ok").first).to_have_text("live", timeout=PATIENCE_MS)
    changing = {"overview": "td.number", "market": ".last", "status": "td[data-label=Received]"}[page]
    for _ in range(3):
        expect_to_change(tab.locator(changing).first)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_marks_itself_and_leads_to_the_others(page: str, served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/{page}")
    expect(tab.locator("nav a[aria-current=page]")).to_have_text(page.capitalize(), timeout=PATIENCE_MS)
    other = PAGES[(PAGES.index(page) + 1) % len(PAGES)]
    tab.locator("nav a", has_text=other.capitalize()).click()
    tab.wait_for_url(f"**/{other}*")


@pytest.mark.parametrize("page", PAGES)
def test_each_page_fits_a_phone(page: str, served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/{page}", width=400, height=800)
    expect(tab.locator(".badge").first).to_be_visible(timeout=PATIENCE_MS)
    assert tab.evaluate("document.documentElement.scrollWidth") == 400
    assert tab.locator(".main-content").evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_symbol_of_the_watchlist_leads_to_its_market_page(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/overview")
    tab.locator("td a", has_text="SOL-USD").click(timeout=PATIENCE_MS)
    expect(tab.locator(".big .name span").first).to_have_text("SOL-USD", timeout=PATIENCE_MS)


def test_rows_of_the_watchlist_are_sorted_by_name_on_demand(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/overview")
    tab.get_by_role("button", name="By name").click(timeout=PATIENCE_MS)
    expect(tab.locator("td a").first).to_have_text("ADA-USD", timeout=PATIENCE_MS)
    names = tab.locator("td a").all_inner_texts()
    assert names == sorted(names)
    assert len(names) == 10


def test_a_symbol_is_found_by_typing_and_the_address_leads_there_again(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/market")
    expect(tab.locator(".last")).to_be_visible(timeout=PATIENCE_MS)
    search = tab.get_by_role("combobox", name="Symbol")
    search.fill("eth")
    tab.get_by_role("option", name="ETH-USD").wait_for(timeout=PATIENCE_MS)
    search.press("ArrowDown")
    search.press("Enter")
    expect(tab.locator(".big .name span").first).to_have_text("ETH-USD", timeout=PATIENCE_MS)
    tab.get_by_role("button", name="line").click()
    expect(tab).to_have_url(re.compile("symbol=ETH-USD.*draw=line"), timeout=PATIENCE_MS)
    assert "feed=market" in tab.url
    assert "span=1m" in tab.url
    assert "zone=browser" in tab.url

    elsewhere = open_tab(tab.url)
    expect(elsewhere.locator(".big .name span").first).to_have_text("ETH-USD", timeout=PATIENCE_MS)
    expect(elsewhere.get_by_role("button", name="line")).to_have_attribute("aria-pressed", "true")


def test_times_are_in_the_zone_that_was_chosen(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/market?zone=UTC", timezone_id="Asia/Kolkata")
    here = open_tab(f"{served.address}/market", timezone_id="Asia/Kolkata")
    minutes = []
    for page in (tab, here):
        expect(page.locator(".badge.ok").first).to_be_visible(timeout=PATIENCE_MS)
        expect_to_change(fact(page, "Newest"))
        hour, minute, _ = fact(page, "Newest").inner_text().split(":")
        minutes.append(int(hour) * 60 + int(minute))
    assert (minutes[1] - minutes[0]) % (24 * 60) in (330, 331)


@pytest.mark.parametrize("page", PAGES)
def test_dark_is_dark_everywhere_and_stays_so(page: str, served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/{page}")
    expect(tab.locator(".badge.ok").first).to_be_visible(timeout=PATIENCE_MS)
    tab.get_by_role("button", name="Toggle theme").click()
    for _ in range(2):
        for part in ("header.MuiAppBar-root", ".main", ".panel"):
            expect(tab.locator(part).first).to_have_css("background-color", DARK, timeout=PATIENCE_MS)
        tab.reload()


def test_who_prefers_dark_gets_it_unasked(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/status", color_scheme="dark")
    expect(tab.locator(".panel").first).to_have_css("background-color", DARK, timeout=PATIENCE_MS)


def test_a_symbol_that_never_came_is_named_and_wrong_choices_in_the_address_do_no_harm(
    served: PageServer, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{served.address}/market?symbol=%3Ci%3ENOPE&span=7y&draw=x&zone=Mars&feed=gone")
    expect(tab.locator(".empty strong").first).to_have_text(
        "Waiting for the first trade of <i>NOPE from market", timeout=PATIENCE_MS
    )


def test_elements_stay_while_their_numbers_change(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{served.address}/overview")
    cell = tab.locator("td.number").first
    cell.evaluate("element => { element.mark = 'kept' }", timeout=PATIENCE_MS)
    expect_to_change(cell)
    assert cell.evaluate("element => element.mark") == "kept"


def test_a_page_comes_back_as_it_was_when_its_server_does(
    tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    with page_server(tmp_path_factory.mktemp("restart"), "sim://market?rate=1000&symbols=5&seed=1") as server:
        tab = open_tab(f"{server.address}/market?symbol=SOL-USD&zone=UTC&span=10s", loses_server=True)
        expect(tab.locator(".big .name span").first).to_have_text("SOL-USD", timeout=PATIENCE_MS)
        tab.mouse.move(*middle(figure_on(tab)))
        tab.mouse.wheel(0, -300)
        tab.get_by_text("rows in this time").wait_for(timeout=PATIENCE_MS)
        zoomed = tab.evaluate(TICK_RANGES)
        server.stop()
        expect(tab.get_by_role("alert")).to_contain_text("what you see is old", timeout=PATIENCE_MS)
        server.start()
        expect(tab.get_by_role("alert")).to_have_count(0, timeout=PATIENCE_MS)
        expect(tab.locator(".big .name span").first).to_have_text("SOL-USD", timeout=PATIENCE_MS)
        expect_to_change(tab.locator(".last"))
        tab.get_by_text("rows in this time").wait_for(timeout=PATIENCE_MS)
        assert tab.evaluate(TICK_RANGES) == pytest.approx(zoomed, abs=1e-5)
