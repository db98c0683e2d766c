"""The clock: phases with their own step length."""

from dataclasses import dataclass, field

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Phase:
    """A stretch of time with one step length: it lasts until ``until_s`` seconds after the start."""

    until_s: float
    step_s: float


@dataclass
class Clock:
    """Time of a run in nanoseconds.

    Attributes
    ----------
    now_ns
        End of the step in progress.
    step_ns
        Its length.
    index
        Its number, from 0; -1 before the first.
    """

    phases: tuple[Phase, ...]
    now_ns: int = field(default=0, init=False)
    step_ns: int = field(default=0, init=False)
    index: int = field(default=-1, init=False)

    @property
    def end_ns(self) -> int:
        """End of the last phase."""
        return round(self.phases[-1].until_s * NANOSECONDS)

    @property
    def start_ns(self) -> int:
        """Start of the step in progress."""
        return self.now_ns - self.step_ns

    @property
    def now_s(self) -> float:
        """End of the step in progress, seconds."""
        return self.now_ns / NANOSECONDS

    @property
    def step_s(self) -> float:
        """Length of the step in progress, seconds."""
        return self.step_ns / NANOSECONDS

    @property
    def finished(self) -> bool:
        """Whether the last phase is over."""
        return self.now_ns >= self.end_ns

    @property
    def next_step_ns(self) -> int:
        """Length of the step to come; the last one of a phase is cut at the phase's end."""
        for phase in self.phases:
            until_ns = round(phase.until_s * NANOSECONDS)
            if self.now_ns < until_ns:
                return min(round(phase.step_s * NANOSECONDS), until_ns - self.now_ns)
        return self.step_ns

    def advance(self) -> None:
        """Begin the next step."""
        self.step_ns = self.next_step_ns
        self.now_ns += self.step_ns
        self.index += 1

    def steps(self) -> int:
        """Return how many steps the whole run takes."""
        total, start = 0, 0
        for phase in self.phases:
            until_ns, step_ns = round(phase.until_s * NANOSECONDS), round(phase.step_s * NANOSECONDS)
            total += max(0, -(-(until_ns - start) // step_ns))
            start = max(start, until_ns)
        return total
