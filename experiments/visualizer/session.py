"""A session: what one page plays with. All runs of a page live in one thread that nobody else touches."""

import base64
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from experiments.errors import InputError
from experiments.scenarios import changed, load, shipped
from experiments.scenarios.schema import Scenario
from experiments.visualizer import commands, exports
from experiments.visualizer.changes import FORBIDDEN
from experiments.visualizer.frame import frame
from experiments.visualizer.lane import Lane
from experiments.visualizer.limits import check_size
from experiments.visualizer.openings import Openings
from experiments.visualizer.playback import Playback
from experiments.visualizer.recordings import Recordings
from experiments.visualizer.replay import Replay, ReplayPlayback
from experiments.visualizer.roster import Query
from experiments.visualizer.view import View

Outlet = Callable[[bytes | dict[str, Any]], None]
"""Takes a frame, or a message that becomes JSON."""

WAITING_COMMANDS = 200
FRAME_S = 1 / 60
"""Shortest time between two frames, seconds."""
DETAILS_S = 0.5
"""Shortest time between two frames with details, seconds."""
MOST_RUNS = 2000
"""Runs of a sweep that a page lists."""
STOPPED = (
    "The run stopped at a fault of the simulator; the terminal says where. Reload the page to begin again."
)


class Session:
    """One page's runs.

    Parameters
    ----------
    outlet
        Where frames and messages go; called in the session's own thread.
    openings
        Makes the markets.
    scenario, overrides, seed
        What to begin with.
    replays
        Finished runs to show instead; ``scenario`` is then the name of the first.

    Attributes
    ----------
    playback
        The runs; None until the first market is built.
    view
        What the page looks at.
    """

    def __init__(
        self,
        outlet: Outlet,
        openings: Openings,
        scenario: str = "october-2025",
        overrides: Mapping[str, str] | None = None,
        seed: int = 1,
        replays: Recordings | None = None,
    ) -> None:
        self.outlet = outlet
        self.openings = openings
        self.replays = replays
        self.playback: Playback | ReplayPlayback | None = None
        self.view = View()
        self._home = self._name = scenario
        self._overrides: dict[str, Any] = dict(overrides or {})
        self._seed = seed
        self._commands: queue.Queue[Any] = queue.Queue(WAITING_COMMANDS)
        self._closed = threading.Event()
        self._wants_frame, self._has_news = False, True
        self._last_frame = self._last_details = 0.0

    def start(self) -> threading.Thread:
        """Begin to work in a thread of its own."""
        thread = threading.Thread(target=self.run, name="session", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Stop soon."""
        self._closed.set()

    def put(self, text: str) -> None:
        """Take a message of the page.

        Raises
        ------
        InputError
            If the message makes no sense, or too many are waiting.
        """
        command = commands.read_command(text)
        try:
            self._commands.put_nowait(command)
        except queue.Full:
            raise InputError("too many messages at once; this one was left out") from None

    def run(self) -> None:
        """Work until closed: take commands, step, send frames."""
        try:
            self.guarded(self._reset, commands.Reset(do="reset"))
            while not self._closed.is_set():
                self._take_commands()
                if self.playback is not None:
                    self._work(self.playback)
                    self._send_frame(self.playback)
        finally:
            if not self._closed.is_set():
                self.outlet({"error": STOPPED})
            self.playback = None

    def guarded(self, action: Callable[[Any], None], given: Any) -> None:
        """Do ``action``; what it refuses becomes a sentence on the page."""
        try:
            action(given)
        except (InputError, ValueError) as error:
            self.outlet({"error": str(error).replace("--set ", "")})
        except MemoryError:
            self.outlet({"error": "there is not enough memory for that"})

    def _work(self, playback: Playback | ReplayPlayback) -> None:
        if playback.target_s is not None:
            if playback.go_on(0.1):
                self._show_now()
            elif playback.target_s is not None:
                left = (playback.target_s - playback.now_s) / 60.0
                self.outlet({"busy": f"On the way: {left:.1f} minutes to go."})
                self._has_news = True
        elif playback.playing:
            before_s = playback.now_s
            playback.play()
            self._has_news |= playback.now_s != before_s

    # -- commands ----------------------------------------------------------------------------------------

    def _take_commands(self) -> None:
        """Obey what waits; when nothing else is to do, wait a little for it."""
        playback = self.playback
        busy = playback is not None and (playback.playing or playback.target_s is not None)
        wait = not busy and not (self._wants_frame and self._has_news)
        while not self._closed.is_set():
            try:
                command = self._commands.get(timeout=0.05) if wait else self._commands.get_nowait()
            except queue.Empty:
                return
            wait = False
            self.guarded(self._obey, command)

    def _obey(self, command: Any) -> None:
        if isinstance(command, commands.Ready):
            self._wants_frame = True
            return
        if isinstance(command, commands.Reset):
            self._reset(command)
            return
        if self.playback is None:
            raise InputError("there is no market yet")
        self._obey_in(self.playback, command)
        self._show_now()

    def _obey_in(self, playback: Playback | ReplayPlayback, command: Any) -> None:
        match command:
            case commands.Play():
                playback.set_playing(command.on)
            case commands.Step():
                playback.set_playing(False)
                for _ in range(command.steps):
                    playback.step()
            case commands.Speed():
                playback.speed = command.per_s
            case commands.Jump():
                if playback.jump(command.time_s):
                    self._send_layout(playback)
            case commands.Apply():
                self.outlet({"notice": playback.change(command.lane, command.what)})
            case commands.Fork():
                self.outlet({"notice": playback.fork(command.what)})
                self.view.forget()
            case commands.Unite():
                playback.unite(command.keep)
                self._send_layout(playback)
            case commands.Look():
                self._look(playback, command.focus)
            case commands.Agents():
                self.view.query = Query(**command.model_dump(exclude={"do"}))
            case commands.Follow():
                playback.follow(command.exchange, command.account)
                self.view.have_track = [0, 0]
            case commands.Export():
                name, content = exports.export(playback.lane(command.lane), command.what, command.lane)
                self.outlet({"file": {"name": name, "base64": base64.b64encode(content).decode()}})

    def _look(self, playback: Playback | ReplayPlayback, focus: int) -> None:
        if focus not in playback.lanes[0].shown:
            raise InputError(f"focus is {focus}; there is no such instrument to look at")
        self.view.focus = focus
        self.view.have_pictures = [0, 0]

    def _reset(self, command: commands.Reset) -> None:
        if self.replays is not None and not command.simulate:
            name = self._name if command.scenario is None else command.scenario
            playback: Playback | ReplayPlayback = ReplayPlayback(Replay(self.replays.open(name)))
            self._name = name
        else:
            playback = Playback(self._open(command))
        if self.playback is not None:
            playback.speed = self.playback.speed
        self.playback = playback
        if self.view.focus not in playback.lanes[0].shown:
            self.view.focus = playback.lanes[0].shown[0]
        self._send_layout(playback)
        self._show_now()

    def _open(self, command: commands.Reset) -> Lane:
        for key in command.overrides:
            if key.split(".")[0] in FORBIDDEN:
                raise InputError(f"{key}: cannot be set from a page; set it on the command line")
        if self.replays is not None:
            return self._simulate_replay(command)
        name = self._name if command.scenario is None else command.scenario
        kept = self._overrides if name == self._name else {}
        scenario = load_checked(name, kept | command.overrides, self._home)
        if command.overrides:
            check_size(scenario)
        self._name, self._overrides = name, kept | command.overrides
        self._seed = self._seed if command.seed is None else command.seed
        return self.openings.open(scenario, self._seed, self._tell, from_start=command.from_start)

    def _simulate_replay(self, command: commands.Reset) -> Lane:
        """Return the run of the replay, simulated anew, at the time that the replay shows."""
        assert self.replays is not None
        name = self._name if command.scenario is None else command.scenario
        recording = self.replays.open(name)
        scenario = changed(recording.scenario, dict(command.overrides))
        if command.overrides:
            check_size(scenario)
        seed = recording.trace.seed if command.seed is None else command.seed
        if scenario.own_agents:
            raise InputError("this run has agents of its own: start `undertow viz` with its scenario file")
        self._name = name
        return self.openings.open(scenario, seed, self._tell, from_start=command.from_start)

    def _tell(self, message: str) -> None:
        self.outlet({"busy": message})

    # -- frames ------------------------------------------------------------------------------------------

    def _show_now(self) -> None:
        self._has_news, self._last_details = True, 0.0

    def _send_layout(self, playback: Playback | ReplayPlayback) -> None:
        self.view.forget()
        names = sorted({*shipped(), self._home}) if self.replays is None else self.replays.names[:MOST_RUNS]
        known = {"source": self._name, "scenarios": names, "replays": self.replays is not None}
        self.outlet({"layout": playback.lanes[0].layout() | known})

    def _send_frame(self, playback: Playback | ReplayPlayback) -> None:
        now = time.perf_counter()
        if not (self._wants_frame and self._has_news) or now - self._last_frame < FRAME_S:
            return
        details = now - self._last_details > DETAILS_S
        if not details and not playback.playing:
            if playback.target_s is None:
                time.sleep(FRAME_S / 2)
            return
        state = {
            "playing": playback.playing,
            "speed": playback.speed,
            "measured": round(playback.measured, 1),
            "busy": playback.target_s is not None,
            "focus": self.view.focus,
        }
        self.outlet(frame(playback.lanes, self.view, details=details, state=state))
        self._wants_frame = False
        self._has_news = not details  # a frame with details must follow the last step
        self._last_frame = time.perf_counter()
        if details:
            self._last_details = self._last_frame


def load_checked(name: str, overrides: Mapping[str, Any], home: str) -> Scenario:
    """Return a scenario that a page may ask for: a shipped one, or the one of the command line.

    Raises
    ------
    InputError
        If it is another file, or something in it is wrong.
    """
    if name != home and name not in shipped():
        raise InputError(f"unknown scenario {name!r} (known: {', '.join(sorted({*shipped(), home}))})")
    return load(name, dict(overrides))
