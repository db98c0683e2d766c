"""Starting the visualizer: the checks before the server runs, and the address to open."""

import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.errors import InputError
from experiments.scenarios import FOLDER

if TYPE_CHECKING:
    from experiments.visualizer.recordings import Recordings

LOCAL = ("127.0.0.1", "localhost", "::1")


def start(
    scenario: str,
    seed: int,
    overrides: Mapping[str, str],
    host: str,
    port: int,
    *,
    browser: bool,
    replay: Path | None = None,
    run: int | None = None,
) -> None:
    """Serve the visualizer until Ctrl-C.

    Parameters
    ----------
    replay, run
        Where a finished run lies that is to be shown, and its number if it is one of a sweep.

    Raises
    ------
    InputError
        If a package is missing, the scenario or the run does not exist, or the port is taken.
    """
    try:
        from experiments.visualizer.server import Settings, serve
    except ModuleNotFoundError as error:
        raise InputError(
            f'the visualizer needs the package {error.name}; install it with: pip install "undertow[viz]"'
        ) from error
    replays = None
    if replay is None:
        check_scenario(scenario, overrides)
    else:
        replays, scenario = open_replays(replay, run)
    taken = free_socket(host, port)
    token = "" if host in LOCAL else secrets.token_urlsafe(16)
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{taken.getsockname()[1]}/" + (f"?token={token}" if token else "")
    if token:
        print(
            f"undertow: warning: listening on {host}: anybody who can reach this machine and knows the "
            "token can use the simulator",
            file=sys.stderr,
        )
    print(f"Undertow is at {address}\nCtrl-C stops it.", flush=True)
    if browser:
        threading.Timer(0.5, webbrowser.open, (address,)).start()
    serve(Settings(scenario, overrides, seed, token, replays), taken)


def open_replays(path: Path, run: int | None) -> "tuple[Recordings, str]":
    """Return the finished runs at a path and the name of the one to begin with, which is read once."""
    from experiments.visualizer.recordings import Recordings

    replays = Recordings(path)
    name = replays.names[0] if run is None else replays.name_of(run)
    replays.open(name)
    return replays, name


def check_scenario(scenario: str, overrides: Mapping[str, str]) -> None:
    """Refuse a scenario that does not exist or cannot be used.

    What is merely shipped and untouched is not read here, since checking it loads the simulator.
    """
    from experiments.scenarios import load

    if overrides or not (FOLDER / f"{scenario}.toml").is_file():
        load(scenario, dict(overrides))


def free_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    InputError
        If the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = socket.socket(family, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
    except OSError as error:
        own.close()
        raise InputError(f"--host {host} --port {port}: cannot listen there ({error.strerror})") from error
    own.set_inheritable(True)
    return own
