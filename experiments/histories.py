"""The history that a run shares with its twins, run once and left on disk for the others.

A twin is its original up to the first cause of the crash; from then on its mechanism is off. So all twins
of one seed begin with the same market, and the first of them that gets there can leave it to the rest. When
a mechanism first acts is known to the original alone, which can leave its market then too; see
`experiments.forks`.
"""

import hashlib
import pickle
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from abm.clock import NANOSECONDS
from experiments.mechanisms import from_the_start, switched_off, twin_without
from experiments.output import write_bytes

if TYPE_CHECKING:  # loading the simulator takes seconds
    from abm.model import MarketModel
    from experiments.network_frames import NetworkCamera
    from experiments.results import RunResult
    from experiments.runs import Job
    from experiments.scenarios.schema import Scenario

STEPS_BETWEEN_REPORTS = 200
Tell = Callable[[float], None]


class History(NamedTuple):
    """A market that has run up to the first cause of its crash, and the camera that stands in it."""

    model: "MarketModel"
    camera: "NetworkCamera"


def first_cause_s(scenario: "Scenario") -> float:
    """Return when the first scheduled cause begins: a shock, an outage, a suspension; else the crash."""
    shocks = [event.time_s for event in scenario.news if event.shock]
    windows = [
        window.start_s
        for venue in scenario.venues
        for window in (*venue.outages, *venue.withdrawals_suspended)
    ]
    return min([*shocks, *windows], default=scenario.crash.start_s)


def history(
    scenario: "Scenario", seed: int, twin: str, folder: Path | None = None, tell: Tell | None = None
) -> History:
    """Return the market of a run after the last step that ends before the first cause, or later if known.

    Parameters
    ----------
    twin
        Only what is off `from_the_start` makes a difference, unless its original has left a fork for it.
    folder
        Where histories are left for other runs; ``None`` keeps none. Scenarios that bring code of the user's
        own, which need not survive a copy, leave none.
    tell
        Hears the time of the run now and then, seconds.
    """
    begin = twin_without(switched_off(twin) & from_the_start(scenario))
    if folder is None or not can_leave(scenario, folder):
        return _run(scenario, seed, begin, tell)
    for name in (twin, begin):
        path = history_path(folder, scenario, seed, name)
        if path.exists():
            return read_history(path)
    made = _run(scenario, seed, begin, tell)
    leave(path, pickle.dumps(made, protocol=5))
    return made


def can_leave(scenario: "Scenario", folder: Path) -> bool:
    """Tell whether runs of a scenario leave histories in a folder."""
    return folder.is_dir() and not brings_code(scenario)


def history_path(folder: Path, scenario: "Scenario", seed: int, twin: str) -> Path:
    """Return where the history of a twin lies."""
    parts = (scenario.model_dump_json(), str(seed), twin)
    return folder / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def read_history(path: Path) -> History:
    """Return a history that was left."""
    found: History = pickle.loads(zlib.decompress(path.read_bytes()))
    return found


def leave(path: Path, pickled: bytes) -> None:
    """Write a history for others."""
    with suppress(OSError):  # a full disk costs the others time, not this run its result
        write_bytes(path, zlib.compress(pickled, 1))


def brings_code(scenario: "Scenario") -> bool:
    """Tell whether a scenario names agents, a rule of moods or a graph of the user's own."""
    return bool(scenario.own_agents) or ":" in scenario.herd.rule or ":" in scenario.herd.graph


def _run(scenario: "Scenario", seed: int, twin: str, tell: Tell | None) -> History:
    from experiments.build import build
    from experiments.network_frames import NetworkCamera

    model = build(scenario, seed, twin, views=False)
    camera = NetworkCamera(model, scenario)
    model.networks.append(camera)
    end_ns = round(first_cause_s(scenario) * NANOSECONDS)
    while model.clock.now_ns + model.clock.next_step_ns < end_ns:
        model.step()
        if tell is not None and model.clock.index % STEPS_BETWEEN_REPORTS == 0:
            tell(model.clock.now_s)
    return History(model, camera)


@contextmanager
def shared(work: Callable[..., "RunResult"], **options: object) -> Iterator[Callable[["Job"], "RunResult"]]:
    """Give ``work`` a folder for histories, as its argument ``histories``, while the context lasts.

    Parameters
    ----------
    options
        Further arguments of ``work``.
    """
    with TemporaryDirectory(prefix="undertow-") as folder:
        yield partial(work, histories=Path(folder), **options)
