"""The web server of the visualizer: one page, one WebSocket for each tab."""

import asyncio
import json
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from experiments.errors import InputError
from experiments.visualizer.openings import LOADING, Openings

if TYPE_CHECKING:
    from experiments.visualizer.recordings import Recordings
    from experiments.visualizer.session import Session

STATIC = Path(__file__).parent / "static"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_SESSIONS = 8
LONGEST_MESSAGE = 64 * 1024
MOST_UNREAD = 8
"""Messages that wait for a page to read them; its run waits then, so that none pile up in memory."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass
class Settings:
    """What the server shows, and to whom.

    Attributes
    ----------
    scenario, overrides, seed
        What a page begins with.
    token
        What a page must know; empty on loopback, where the host name is checked instead.
    replays
        Finished runs to show, the first of them called ``scenario``; None to simulate.
    """

    scenario: str = "october-2025"
    overrides: Mapping[str, str] = field(default_factory=dict)
    seed: int = 1
    token: str = ""
    replays: "Recordings | None" = None


def application(settings: Settings) -> Starlette:
    """Return the web application."""
    app = Starlette(
        routes=[
            Route("/", page),
            WebSocketRoute("/session", serve_session),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=warm_up,
    )
    app.state.settings = settings
    app.state.openings = Openings()
    app.state.sessions = 0
    return app


@asynccontextmanager
async def warm_up(app: Starlette) -> AsyncIterator[None]:
    """Build the first market while the browser opens."""

    def prepare() -> None:
        from experiments.scenarios import load

        settings: Settings = app.state.settings
        if settings.replays is not None:
            return
        with suppress(InputError):  # the page says what is wrong
            scenario = load(settings.scenario, dict(settings.overrides))
            app.state.openings.open(scenario, settings.seed, lambda _: None)

    app.state.warming = asyncio.get_running_loop().run_in_executor(None, prepare)
    yield


def is_allowed(connection: HTTPConnection, settings: Settings) -> bool:
    """Tell whether the page may have what it asks for.

    On loopback the host name must be one of this machine, which keeps out pages of other sites whose name
    was made to lead here; elsewhere the token must be right.
    """
    if settings.token:
        return secrets.compare_digest(connection.query_params.get("token", ""), settings.token)
    host = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    return host in LOOPBACK


def is_own_page(connection: WebSocket) -> bool:
    """Tell whether the WebSocket was opened by a page of this server."""
    origin = connection.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == connection.headers.get("host")


async def page(request: Request) -> Response:
    """Send the page."""
    if not is_allowed(request, request.app.state.settings):
        return PlainTextResponse("This address needs the token that `undertow viz` printed.", 403)
    return FileResponse(STATIC / "index.html", headers=HEADERS)


async def serve_session(connection: WebSocket) -> None:
    """Play one page's run until the page is closed."""
    state = connection.app.state
    if not is_own_page(connection) or not is_allowed(connection, state.settings):
        await connection.close(code=4403, reason="this page may not connect")
        return
    await connection.accept()
    if state.sessions >= MOST_SESSIONS:
        await connection.send_json(
            {"error": f"{MOST_SESSIONS} pages are open already; close one of them first"}
        )
        await connection.close(code=4429)
        return
    state.sessions += 1
    try:
        await converse(connection)
    finally:
        state.sessions -= 1


def session_class() -> "type[Session]":
    """Load the simulator, which takes seconds, and return what plays a run."""
    from experiments.visualizer.session import Session

    return Session


async def converse(connection: WebSocket) -> None:
    """Carry messages between a page and its session."""
    state = connection.app.state
    settings: Settings = state.settings
    loop = asyncio.get_running_loop()
    outgoing: asyncio.Queue[bytes | dict[str, Any]] = asyncio.Queue()
    gone = threading.Event()

    def outlet(message: bytes | dict[str, Any]) -> None:
        while outgoing.qsize() >= MOST_UNREAD:
            if gone.is_set() or "busy" in message:  # what is going on is told again soon
                return
            time.sleep(0.01)
        with suppress(RuntimeError):  # the server is going down
            loop.call_soon_threadsafe(outgoing.put_nowait, message)

    await connection.send_json({"busy": LOADING})
    play = await loop.run_in_executor(None, session_class)
    session = play(
        outlet,
        state.openings,
        settings.scenario,
        settings.overrides,
        settings.seed,
        settings.replays,
    )
    session.start()

    async def send() -> None:
        while True:
            message = await outgoing.get()
            if isinstance(message, bytes):
                await connection.send_bytes(message)
            else:
                await connection.send_text(json.dumps(message))

    sender = asyncio.create_task(send())
    try:
        while True:
            text = await connection.receive_text()
            try:
                session.put(text)
            except InputError as error:
                if outgoing.qsize() < 2 * MOST_UNREAD:
                    outgoing.put_nowait({"error": str(error)})
    except (WebSocketDisconnect, KeyError):  # gone, or it sent bytes
        pass
    finally:
        gone.set()
        session.close()
        sender.cancel()
        with suppress(asyncio.CancelledError, RuntimeError, WebSocketDisconnect):
            await sender


def serve(settings: Settings, listening: socket.socket) -> None:
    """Serve on a bound socket until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        application(settings),
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=LONGEST_MESSAGE,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listening])
