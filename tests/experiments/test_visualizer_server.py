"""The server of the visualizer: a page's conversation with it, and what it refuses."""

import asyncio
import base64
import json
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra undertow[viz] is not installed")
pytest.importorskip("httpx2", reason="httpx2, which the test client needs, is not installed")

from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from experiments.errors import InputError
from experiments.visualizer import server, start
from experiments.visualizer.packing import unpack
from experiments.visualizer.session import load_checked

SMALL = str(Path(__file__).parent.parent / "small.toml")
ADDRESS = "http://127.0.0.1"
SOCKET = "ws://127.0.0.1"
ORIGIN = {"origin": ADDRESS}


@pytest.fixture(autouse=True)
def no_longer_than_two_minutes():
    """End a test that waits for a message that never comes."""

    def stop(*_):
        raise TimeoutError("no such message within two minutes")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def client():
    app = server.application(server.Settings(scenario=SMALL))
    with TestClient(app, base_url=ADDRESS) as client:
        yield client


class Page:
    """What a page would do, without the picture."""

    def __init__(self, socket):
        self.socket = socket
        self.layout = self.until("layout")

    def send(self, **command):
        self.socket.send_text(json.dumps(command))

    def until(self, key):
        """Return what the first message with ``key`` says; frames are noted on the way."""
        while True:
            message = self.socket.receive()
            if message.get("bytes"):
                self.header, self.arrays = unpack(message["bytes"])
                if key == "frame":
                    return self.header
            elif key in (heard := json.loads(message["text"])):
                return heard[key]

    def frame(self):
        self.send(do="ready")
        return self.until("frame")


@pytest.fixture
def page(client):
    with client.websocket_connect(f"{SOCKET}/session", headers=ORIGIN) as socket:
        yield Page(socket)


def test_the_page_and_its_parts_are_served_without_any_other_site(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for part in (
        "page.js",
        "charts.js",
        "film.js",
        "network.js",
        "plot.js",
        "store.js",
        "tour.js",
        "visualizer.css",
        "icon.svg",
    ):
        found = client.get(f"/static/{part}")
        assert found.status_code == 200
        for address in ("https://", "http://", "//cdn"):
            assert address not in found.text.replace("http://www.w3.org/2000/svg", "")
        assert (
            part == "icon.svg"
            or part in page.text
            or part in client.get("/static/page.js").text + client.get("/static/charts.js").text
        )
    assert client.get("/static/../server.py").status_code == 404
    assert client.get("/static/%2e%2e/server.py").status_code == 404


def test_it_plays_and_pauses(page):
    first = page.frame()["lanes"][0]
    assert first["from"] == 0
    page.send(do="speed", per_s=100)
    page.send(do="play", on=True)
    for _ in range(20):
        later = page.frame()
    assert later["playing"]
    assert later["lanes"][0]["now_s"] > first["now_s"]
    page.send(do="play", on=False)
    page.send(do="step", steps=3)
    end = page.frame()
    assert not end["playing"]
    assert end["lanes"][0]["steps"] >= later["lanes"][0]["steps"] + 3


def test_frames_are_never_queued(page):
    page.send(do="speed", per_s=0)
    page.send(do="play", on=True)
    page.frame()
    time.sleep(0.3)  # the page is busy: nothing is sent until it asks
    page.send(do="play", on=False)
    page.send(do="export", what="scenario")
    message = page.socket.receive()
    assert "bytes" not in message or message["bytes"] is None


def test_an_outage_ends_when_outages_are_switched_off(page):
    def feed_delay_s(steps):
        page.send(do="step", steps=steps)
        page.frame()
        return page.arrays["world:0"][-1, page.layout["world"].index("feed_delay_s@hub")]

    page.send(do="change", what={"change": "outage", "exchange": "hub", "duration_s": 600})
    page.until("notice")
    assert feed_delay_s(5) >= 8.0
    page.send(do="change", what={"change": "switch", "mechanism": "outage", "on": False})
    assert page.until("notice") == "Changed: exchanges are never late or down from now on."
    assert feed_delay_s(1) == 0.0
    assert page.header["lanes"][0]["switches"]["outage"] is False
    page.send(do="change", what={"change": "outage", "exchange": "hub"})
    assert "never late or down" in page.until("error")


def test_fork_inject_follow_and_come_back(page):
    page.send(do="jump", time_s=58.0)
    page.send(do="fork", what={"change": "outage", "exchange": "hub", "duration_s": 20})
    assert "B differs from A by: outage of hub" in page.until("notice")
    page.send(do="change", lane=1, what={"change": "news", "size": -0.05})
    assert page.until("notice").startswith("Changed in B: news")
    page.send(do="follow", exchange="hub", account=10)
    page.send(do="jump", time_s=75.0)
    while (header := page.frame())["busy"] or header["lanes"][0]["now_s"] < 75.0:
        pass
    assert len(header["lanes"]) == 2
    assert header["lanes"][1]["changes"][0][1].startswith("outage")
    assert len(header["difference"]) > 5
    page.send(do="unite", keep=1)
    page.until("layout")
    assert len(page.frame()["lanes"]) == 1


@pytest.mark.parametrize(
    ("what", "suffix", "words"),
    [
        ("series", ".csv", "time_s,last@"),
        ("events", ".csv", "time_s,account"),
        ("scenario", ".toml", "[retail]"),
        ("run", ".parquet", "PAR1"),
    ],
)
def test_files(page, what, suffix, words):
    page.send(do="export", what=what)
    given = page.until("file")
    assert given["name"].endswith(suffix)
    assert words in base64.b64decode(given["base64"]).decode("latin-1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "message"),
        ('{"do":"dance"}', "message"),
        ('{"do":"play"}', "on: field required"),
        ('{"do":"jump","time_s":-1}', "time_s"),
        ('{"do":"look","focus":999}', "no such instrument"),
        ('{"do":"unite"}', "only one run"),
        ('{"do":"change","lane":1,"what":{"change":"switch","mechanism":"adl","on":true}}', "fork first"),
        ('{"do":"change","what":{"change":"outage","exchange":"moon"}}', "unknown exchange"),
        ('{"do":"change","what":{"change":"order","instrument":"X","usd":1e6}}', "unknown instrument"),
        ('{"do":"follow","exchange":"hub","account":99999999}', "no such account"),
        ('{"do":"reset","overrides":{"own_agents":"[]"}}', "cannot be set from a page"),
        ('{"do":"reset","overrides":{"retail.traders":"many"}}', "retail.traders"),
        ('{"do":"reset","overrides":{"retail.traders":4000000}}', "at most 1,000,000"),
        ('{"do":"reset","overrides":{"phases":"[{until_s=300,step_s=0.001}]"}}', "at most 200,000"),
        ('{"do":"reset","scenario":"/etc/passwd"}', "unknown scenario"),
        ('{"do":"ready","x":"' + "y" * 30_000 + '"}', "at most"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence_and_the_run_goes_on(page, text, words):
    page.socket.send_text(text)
    assert words in page.until("error").lower()
    assert page.frame()["lanes"]


def test_a_flood_does_not_stop_the_server(page, client):
    for _ in range(2000):
        page.socket.send_text('{"do":"step","steps":1}')
    assert client.get("/").status_code == 200
    assert page.frame()["lanes"]


def test_reset_takes_seed_and_keys(page):
    page.send(do="reset", seed=7, overrides={"retail.traders": 120}, from_start=True)
    layout = page.until("layout")
    assert layout["seed"] == 7
    assert next(item for item in layout["sliders"] if item["path"] == "retail.traders")["value"] == 120
    assert page.frame()["lanes"][0]["steps"] == 1


class Deaf:
    """A page that reads nothing and is closed after a while."""

    def __init__(self, app):
        self.app = app

    async def send_json(self, message):
        pass

    async def send_text(self, text):
        await asyncio.Event().wait()

    async def receive_text(self):
        await asyncio.sleep(0.3)
        raise WebSocketDisconnect


class Talkative:
    """A session that has a lot to say."""

    def __init__(self, outlet, *_):
        self.outlet, self.said, self.closed = outlet, 0, False
        self.thread = threading.Thread(target=self.talk, daemon=True)
        self.start, self.close = self.thread.start, lambda: setattr(self, "closed", True)

    def talk(self):
        while not self.closed and self.said < 10_000:
            self.outlet({"notice": "again"})
            self.said += 1


def test_what_a_page_does_not_read_does_not_pile_up(client, monkeypatch):
    made = []
    monkeypatch.setattr(
        server, "session_class", lambda: lambda *given: made.append(Talkative(*given)) or made[0]
    )
    asyncio.run(server.converse(Deaf(client.app)))
    (session,) = made
    session.thread.join(10)
    assert not session.thread.is_alive()
    assert 0 < session.said < 1000


def test_two_pages_do_not_disturb_each_other(page, client):
    with client.websocket_connect(f"{SOCKET}/session", headers=ORIGIN) as socket:
        other = Page(socket)
        other.send(do="step", steps=20)
        steps = other.frame()["lanes"][0]["steps"]
        assert page.frame()["lanes"][0]["steps"] == steps - 20


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://evil.example"}, ORIGIN | {"host": "evil.example"}]
)
def test_other_sites_cannot_connect(client, headers):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"{SOCKET}/session", headers=headers):
        pass


def test_another_host_name_gets_no_page(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403


def test_beyond_this_machine_the_token_is_asked_for():
    app = server.application(server.Settings(scenario=SMALL, token="secret"))
    with TestClient(app, base_url=ADDRESS) as client:
        assert client.get("/").status_code == 403
        assert client.get("/?token=wrong").status_code == 403
        assert client.get("/?token=secret").status_code == 200
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(f"{SOCKET}/session", headers=ORIGIN),
        ):
            pass
        with client.websocket_connect(f"{SOCKET}/session?token=secret", headers=ORIGIN) as socket:
            assert "busy" in socket.receive_json()


def test_a_page_may_load_shipped_scenarios_and_that_of_the_command_line_only():
    assert load_checked("calm", {}, SMALL).name == "calm"
    assert load_checked(SMALL, {}, SMALL).name == "small"
    with pytest.raises(InputError, match="unknown scenario"):
        load_checked(SMALL, {}, "calm")


def test_what_cannot_start_says_why(monkeypatch):
    with pytest.raises(InputError, match="unknown scenario 'octber-2025'; did you mean october-2025"):
        start.start("octber-2025", 1, {}, "127.0.0.1", 0, browser=False)
    with pytest.raises(InputError, match="traders"):
        start.start("calm", 1, {"retail.traders": "-1"}, "127.0.0.1", 0, browser=False)
    monkeypatch.delitem(sys.modules, "experiments.visualizer.server")
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(InputError, match=r'pip install "undertow\[viz\]"'):
        start.start("calm", 1, {}, "127.0.0.1", 0, browser=False)


def test_a_taken_port_is_one_clear_line():
    with start.free_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"--port {port}: cannot listen there"):
            start.free_socket("127.0.0.1", port)
