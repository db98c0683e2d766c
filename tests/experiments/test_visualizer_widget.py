"""The painter as a widget, and SolaraViz with it: what a browser shows of a market."""

import base64
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from experiments.visualizer.bundle import bundle
from experiments.visualizer.mesa_market import MesaMarket

SMALL = str(Path(__file__).parent.parent / "small.toml")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOST = """
<div id="host"></div>
<script type="module">
const source = new Blob([SOURCE], { type: "text/javascript" });
const widget = (await import(URL.createObjectURL(source))).default;
const listeners = {};
const values = { charts: ["prices", "heatmap", "map", "makers", "network"], known: KNOWN, have: 0 };
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
values.frame = bytes("FRAME");
window.model = {
  get: (name) => values[name],
  set: (name, value) => (values[name] = value),
  save_changes: () => {},
  on: (name, act) => (listeners[name] = act),
  give: (text) => ((values.frame = bytes(text)), listeners["change:frame"]()),
};
widget.render({ model: window.model, el: document.getElementById("host") });
</script>
"""


def browser_page(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
    return browser.new_page(viewport={"width": 1000, "height": 800})


def text_of(content):
    return base64.b64encode(content).decode()


def test_frames_are_made_once_and_begin_where_the_browser_is():
    market = MesaMarket(SMALL, seed="3")
    market.step()
    assert market.market.seed_used == 3
    first = market.frame(1)
    assert market.frame(1) is first
    market.step()
    assert len(market.frame(2)) < len(market.frame(0))
    with pytest.raises(ValueError, match="seed is 'x'; it must be a whole number"):
        MesaMarket(SMALL, seed="x")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_the_widget_paints_a_market_and_catches_up():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    market = MesaMarket(SMALL, traders=120)
    html = HOST.replace("SOURCE", json.dumps(bundle())).replace("KNOWN", json.dumps(market.layout))
    with sync_api.sync_playwright() as playwright:
        page = browser_page(playwright)
        faults = []
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.set_content(html.replace("FRAME", text_of(market.frame())))
        page.wait_for_function("() => document.querySelector('.undertow')?.dataset.steps === '1'")
        for _ in range(20):
            market.step()
        page.evaluate("text => window.model.give(text)", text_of(market.frame(1)))
        page.wait_for_function("() => document.querySelector('.undertow').dataset.steps === '21'")
        assert page.evaluate("window.model.get('have')") == 21
        assert page.locator(".undertow canvas").count() == 5
        drawn = page.evaluate(
            "[...document.querySelectorAll('canvas')].map(c => new Set(c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data).size)"
        )
        assert all(colours > 8 for colours in drawn), drawn
        assert not faults


@pytest.mark.skipif(
    importlib.util.find_spec("anywidget") is None, reason="the extra undertow[solara] is not installed"
)
def test_a_notebook_shows_a_market():
    from experiments.visualizer.notebook import Watch

    market = MesaMarket(SMALL)
    picture = Watch(market, "prices")
    before = picture.frame
    market.step()
    picture.show()
    assert picture.frame != before
    assert picture.charts == ["prices"]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.skipif(
    importlib.util.find_spec("solara") is None or importlib.util.find_spec("anywidget") is None,
    reason="the extra undertow[solara] is not installed",
)
def test_solara_plays_a_market_without_any_other_site():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "solara", "run", "experiments.visualizer.app"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-open", "--production"]
    server = subprocess.Popen([*command, *options], env=os.environ | {"UNDERTOW_SCENARIO": SMALL})
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(address, server)
        with sync_api.sync_playwright() as playwright:
            page = browser_page(playwright)
            strangers = []
            known = (address, address.replace("http", "ws"), "data:", "blob:")
            page.on("request", lambda asked: asked.url.startswith(known) or strangers.append(asked.url))
            page.goto(address)
            page.wait_for_selector(".undertow[data-steps='1'] canvas", timeout=240_000)
            page.get_by_role("button", name="▶").click()
            page.wait_for_function(
                "() => Number(document.querySelector('.undertow').dataset.steps) > 5", timeout=120_000
            )
            assert not strangers
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address, server):
    """Wait until something answers."""
    end = time.monotonic() + 240
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("solara did not start")
