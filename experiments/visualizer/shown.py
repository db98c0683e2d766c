"""What the page can show: a run that is being simulated, or one that finished long ago."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt

from experiments.scenarios.schema import Scenario
from experiments.visualizer.view import View

Arrays = dict[str, npt.NDArray[Any]]


class Recorded(Protocol):
    """Series of a run by name, one row a step; see `abm.trace.Trace`."""

    @property
    def time_s(self) -> npt.NDArray[Any]:
        """Seconds since the start."""

    @property
    def by_instrument(self) -> Any:
        """Name -> array ``(steps, instruments)``."""

    @property
    def by_asset(self) -> Mapping[str, npt.NDArray[Any]]:
        """Name -> array ``(steps, assets)``."""

    @property
    def world(self) -> Mapping[str, npt.NDArray[Any]]:
        """Name -> array ``(steps,)``."""


class Shown(Protocol):
    """One run on the screen.

    Attributes
    ----------
    shown
        Which instruments can be looked at, by their place among all.
    changes
        What was changed in it by hand: time in seconds and one sentence.
    followed, track
        Exchange and account of the agent that is followed, and what was seen of it.
    """

    scenario: Scenario
    shown: list[int]
    changes: list[tuple[float, str]]
    followed: tuple[int, int] | None
    track: list[tuple[float, ...]]

    @property
    def pictures(self) -> npt.NDArray[Any] | None:
        """Heatmap columns, uint8 ``(steps, shown instruments, bins)``; None where books are not known."""

    @property
    def world(self) -> list[str]:
        """Names of the series of the whole market that frames carry."""

    @property
    def recorder(self) -> Recorded:
        """The series; only the first `steps` rows are meant."""

    @property
    def steps(self) -> int:
        """Steps done."""

    @property
    def now_s(self) -> float:
        """Simulated time, seconds since the start."""

    @property
    def finished(self) -> bool:
        """Whether the run is over."""

    def step(self) -> None:
        """Advance by one step."""

    def layout(self) -> dict[str, Any]:
        """Return what a page must know before the first frame."""

    def maker_states(self) -> npt.NDArray[Any] | None:
        """Return why each maker does not quote, uint8 ``(makers, instruments)``; None if nobody knows."""

    def details(self, view: View) -> tuple[dict[str, Any], Arrays]:
        """Return what is dear to work out: more for the header, and arrays."""
