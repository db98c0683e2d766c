"""The page in a real browser: what a person clicks, and what the page then says."""

import re
import shutil
import socket
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from experiments.visualizer.start import free_socket

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="the extra undertow[viz] is not installed")
server_parts = pytest.importorskip("experiments.visualizer.server")

SMALL = str(Path(__file__).parent.parent / "small.toml")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def address():
    listening: socket.socket = free_socket("127.0.0.1", 0)
    config = uvicorn.Config(
        server_parts.application(server_parts.Settings(scenario=SMALL)),
        log_level="error",
        ws="websockets-sansio",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url) as answer:
                assert answer.status == 200
            break
        except OSError:
            time.sleep(0.05)
    yield url
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser, address):
    page = browser.new_page(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    faults = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.on(
        "request", lambda request: request.url.startswith((address, "blob:")) or faults.append(request.url)
    )
    page.goto(address)
    page.wait_for_selector("#busy", state="hidden", timeout=120_000)
    yield page
    page.close()
    assert not faults


def clock(page):
    """Return the time of day on the page, in seconds."""
    hours, minutes, seconds = map(int, re.match(r"(\d+):(\d+):(\d+)", page.inner_text("#clock")).groups())
    return 3600 * hours + 60 * minutes + seconds


def wait_until(page, condition, argument=None):
    page.wait_for_function(condition, arg=argument, timeout=60_000)


def wait_for_message(page, text):
    wait_until(page, "text => document.getElementById('message').textContent.includes(text)", text)


def jump(page, time_s):
    """Move the time slider of the small scenario, whose steps last one second from second 20 on."""
    page.evaluate(
        "step => { const s = document.getElementById('scrub'); s.value = step;"
        "s.dispatchEvent(new Event('input')); s.dispatchEvent(new Event('change')); }",
        10 + time_s - 20,
    )
    wait_until(
        page,
        "text => document.getElementById('clock').textContent.startsWith(text)",
        f"00:0{time_s // 60}:{time_s % 60:02d} UTC",
    )


def test_play_moves_time_and_space_pauses(page):
    before = clock(page)
    page.select_option("#speed", "10")
    page.click("#play")
    wait_until(page, "() => document.getElementById('play').textContent.includes('Pause')")
    wait_until(
        page,
        "before => document.getElementById('clock').textContent.slice(0, 8) > before",
        f"00:00:{before + 2:02d}",
    )
    page.locator("body").press("Space")
    wait_until(page, "() => document.getElementById('play').textContent.includes('Play')")
    page.wait_for_timeout(300)
    stopped = clock(page)
    assert stopped > before
    page.wait_for_timeout(300)
    assert clock(page) == stopped
    page.locator("body").press("ArrowRight")
    wait_until(
        page, "t => Number(document.getElementById('clock').textContent.slice(6, 8)) !== t", stopped % 60
    )


def test_fork_inject_an_outage_and_read_the_difference(page):
    jump(page, 58)
    page.wait_for_selector("#fork:enabled")
    page.select_option("#difference-by", label="Outage of the hub, 10 min")
    page.click("#fork")
    wait_for_message(page, "Forked. B differs from A by: outage of hub for 600 s")
    page.wait_for_selector("#keep-a")
    jump(page, 80)
    wait_until(
        page,
        "() => [...document.querySelectorAll('#difference tbody tr')].some(row =>"
        " row.cells[0].textContent.startsWith('longs closed')"
        " && row.cells[1].textContent !== row.cells[2].textContent)",
    )
    page.select_option("#lane", "0")
    page.select_option("#outage-s", "60")
    page.click("#outage")
    wait_for_message(page, "Changed in A: outage of hub for 60 s")
    page.click("#keep-a")
    wait_until(page, "() => document.getElementById('keep-a').hidden")
    page.select_option("#outage-s", "300")


def test_a_rumour_colours_the_social_graph(page):
    page.select_option("#rumour-share", "0.1")
    page.click("#rumour")
    wait_for_message(page, "rumour of tone -0.90 among the 19 most followed")
    wait_until(page, "() => /Mean mood of those shown -0/.test(document.getElementById('network').ariaLabel)")
    page.click("#show-credit")
    assert page.get_attribute("#show-credit", "aria-pressed") == "true"
    page.click("#show-social")


def test_follow_an_agent_sort_and_filter(page):
    page.select_option("#kind", "leveraged_retail")
    wait_until(
        page,
        "() => [...document.querySelectorAll('#agents tbody tr')]"
        ".every(row => row.cells[0].textContent.startsWith('retail'))",
    )
    page.click("#agents th button:text('equity')")
    wait_until(
        page, "() => document.querySelector('[aria-sort]')?.getAttribute('aria-sort') === 'descending'"
    )
    page.click("#agents tbody tr:nth-child(2)")
    page.wait_for_selector("#follow-box", state="visible")
    assert re.fullmatch(r"leveraged retail \d+ on hub", page.inner_text("#follow-name"))
    page.select_option("#kind", "market_maker")
    wait_until(page, "() => /^market maker/.test(document.querySelector('#agents tbody tr').textContent)")
    page.click("#agents tbody tr:nth-child(1)")
    wait_until(
        page, "() => /orders? in the books/i.test(document.getElementById('orders-total').textContent)"
    )
    assert page.inner_text("#follow-name").startswith("market maker")
    page.select_option("#kind", "")
    page.click("#unfollow")
    page.wait_for_selector("#follow-box", state="hidden")


def test_switches_say_what_they_do_and_do_it(page):
    rows = page.locator("label:has([data-switch])")
    assert all(len(rows.nth(i).get_attribute("title")) > 30 for i in range(rows.count()))
    page.get_by_label("Exchanges late or down").uncheck()
    wait_for_message(page, "exchanges are never late or down from now on")
    page.click("#outage")
    wait_for_message(page, "switch that on first")
    page.get_by_label("Exchanges late or down").focus()
    page.keyboard.press("Space")
    wait_for_message(page, "exchanges can be late and down from now on")
    assert page.locator("[data-switch='outage']").is_checked()


def test_a_slider_acts_and_a_wrong_key_gets_a_sentence(page):
    page.locator("[data-path='market_maker.loss_limit']").fill("0.3")
    wait_for_message(page, "market_maker.loss_limit is 0.3 from now on")
    page.fill("#key", "market_maker.los_limit=0.3")
    page.press("#key", "Enter")
    wait_for_message(page, "did you mean market_maker.loss_limit?")
    page.fill("#key", "<img src=x onerror=alert(1)>=1")
    page.press("#key", "Enter")
    wait_until(page, "() => document.getElementById('message').className === 'error'")
    assert page.locator("#message img").count() == 0


@pytest.mark.parametrize(
    ("kind", "name"), [("png", r".*\.png"), ("series", r".*series\.csv"), ("scenario", r".*\.toml")]
)
def test_files_are_saved(page, kind, name):
    with page.expect_download() as waiting:
        page.select_option("#export", kind)
    assert re.fullmatch(name, waiting.value.suggested_filename)
    assert waiting.value.path().stat().st_size > 1000


def film_of(page, milliseconds):
    page.select_option("#export", "film")
    wait_for_message(page, "Recording the charts")
    page.click("#step")
    page.wait_for_timeout(milliseconds)
    with page.expect_download() as waiting:
        page.click("#film-stop")
    assert waiting.value.suggested_filename.endswith(".webm")
    return waiting.value.path().read_bytes()


def test_a_film_is_recorded(page):
    # a busy machine encodes its first picture late
    films = (film_of(page, milliseconds) for milliseconds in (1200, 5000, 10_000))
    assert next((film for film in films if film), b"")[:4] == b"\x1aE\xdf\xa3"


def test_hover_tells_what_is_there_and_charts_have_words(page):
    jump(page, 75)
    wait_until(page, "() => document.getElementById('closures').ariaLabel.includes('longs')")
    page.hover("#heatmap", position={"x": 300, "y": 60})
    wait_until(page, "() => /from the mid/.test(document.getElementById('tip').textContent)")
    page.focus("#prices")
    page.keyboard.press(".")
    wait_until(page, "() => document.getElementById('spoken').textContent.includes('BTC')")
    assert re.search(r"BTC-PERP trades at [\d,]+ USD", page.get_attribute("#prices", "aria-label"))


@pytest.mark.slow
def test_the_tour_has_six_stops(page):
    page.click("#tour")
    for stop in range(1, 7):
        wait_until(
            page, "text => document.getElementById('guide-place').textContent === text", f"{stop} of 6"
        )
        page.wait_for_selector(".panel.lit")
        page.click("#guide-next")
    page.wait_for_selector("#guide", state="hidden")


def test_reset_takes_another_seed_and_reload_begins_anew(page):
    page.fill("#seed", "5")
    page.click("#reset")
    wait_until(
        page,
        "() => document.getElementById('seed').value === '5' && document.getElementById('busy').hidden",
    )
    page.reload()
    wait_until(page, "() => document.getElementById('seed').value === '1'")


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        ((1440, 900), "light"),
        ((1024, 768), "dark"),
        pytest.param((1440, 900), "dark", marks=pytest.mark.slow),
        pytest.param((1024, 768), "light", marks=pytest.mark.slow),
    ],
)
def test_nothing_sticks_out(page, size, theme):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("theme => localStorage.setItem('undertow-theme', theme)", theme)
    page.reload()
    page.wait_for_selector("#busy", state="hidden")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    painted = page.evaluate(
        "[...document.querySelectorAll('main canvas')].filter(c => c.offsetParent)"
        ".map(c => [c.id, c.clientWidth, c.clientHeight])"
    )
    assert len(painted) == 10
    assert all(width > 120 and height > 60 for _, width, height in painted), painted
