"""What a sweep file may say: typed, bounded, documented."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LARGEST_SWEEP = 1_000_000


class Part(BaseModel):
    """Base of every table of a sweep file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Axis(Part):
    """One thing to vary: a list (`values`), a range (`start`, `end`), or bounds to sample (`low`, `high`)."""

    path: str = Field(
        min_length=1,
        max_length=200,
        description="scenario key as `--set` names it, such as `retail.leverage_median` or "
        "`assets.BTC.depth_1pct_usd`",
    )
    values: tuple[Any, ...] | None = Field(None, description="a list of values")
    start: float | None = Field(None, description="a range: first value")
    end: float | None = Field(None, description="a range: last value, which belongs to it")
    count: int | None = Field(None, ge=2, le=LARGEST_SWEEP, description="a range: how many values")
    step: float | None = Field(None, gt=0, description="a range: distance of values, in place of `count`")
    low: float | None = Field(None, description="sampling: lower bound")
    high: float | None = Field(None, description="sampling: upper bound")
    spacing: Literal["linear", "log"] = Field(
        "linear", description="how values of a range or a sample are spread"
    )
    whole: bool = Field(False, description="round them to whole numbers")
    zip: str = Field("", max_length=64, description="axes with the same word here go in step, value by value")
    when: dict[str, Any] = Field(
        default_factory=dict,
        description="vary it only where other axes, named by path and listed above, have this value (or one "
        "of a list of values); elsewhere the scenario keeps its own",
    )

    @property
    def sampled(self) -> bool:
        """Whether its values are drawn from between two bounds."""
        return self.low is not None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = {
            "values": self.values is not None,
            "start and end": self.start is not None or self.end is not None,
            "low and high": self.low is not None or self.high is not None,
        }
        given = [form for form, there in forms.items() if there]
        if len(given) != 1:
            told = " and ".join(given) or "nothing"
            raise ValueError(f"give one of {', '.join(forms)}; got {told}")
        if self.values is not None:
            self._check_values(self.values)
        else:
            self._check_bounds()
        if self.values is None and self.sampled and self.zip:
            raise ValueError("zip: a sampled axis cannot be zipped; all sampled axes are drawn together")
        return self

    def _check_values(self, values: tuple[Any, ...]) -> None:
        if not values:
            raise ValueError("values: the list is empty; give at least one value")
        for place, value in enumerate(values):
            if any(_same(value, other) for other in values[:place]) and not self.zip:
                raise ValueError(f"values: {value!r} is there twice")
        if self.whole or self.spacing == "log" or self.count is not None or self.step is not None:
            raise ValueError("values: whole, spacing, count and step are for ranges and samples")

    def _check_bounds(self) -> None:
        names = ("low", "high") if self.low is not None or self.high is not None else ("start", "end")
        lower, upper = (getattr(self, name) for name in names)
        if lower is None or upper is None:
            raise ValueError(f"{names[0] if lower is None else names[1]}: missing; give both bounds")
        if upper <= lower:
            raise ValueError(f"{names[1]}: must be greater than {names[0]}, {lower:g}, got {upper:g}")
        if self.spacing == "log" and lower <= 0.0:
            raise ValueError(f"{names[0]}: must be greater than 0 for spacing = log, got {lower:g}")
        if self.whole and (lower != int(lower) or upper != int(upper)):
            raise ValueError(f"{names[0]}, {names[1]}: must be whole numbers for whole = true")
        ways = (self.count is not None) + (self.step is not None)
        if names[0] == "low" and ways:
            raise ValueError("count, step: are for ranges; [sample] says how many points are drawn")
        if names[0] == "start" and ways != 1:
            raise ValueError("count, step: a range needs one of the two")
        if self.step is not None and (self.spacing == "log" or (upper - lower) / self.step > LARGEST_SWEEP):
            raise ValueError(f"step: too small, or combined with spacing = log; use count; got {self.step:g}")


class Sample(Part):
    """How the axes with `low` and `high` are drawn: together, one point each time."""

    method: Literal["latin-hypercube", "sobol", "saltelli", "morris"] = Field(
        "sobol",
        description="Latin hypercube, scrambled Sobol sequence, or the designs for `undertow sensitivity`: "
        "Saltelli's for Sobol indices, Morris's trajectories",
    )
    points: int = Field(
        ge=1,
        le=LARGEST_SWEEP,
        description="how many; a power of two for Sobol and Saltelli. With k axes Saltelli's design has "
        "k + 2 times as many, Morris's k + 1 times",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of the drawing")

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        if self.method in ("sobol", "saltelli") and self.points & (self.points - 1):
            below = 1 << (self.points.bit_length() - 1)
            raise ValueError(
                f"points: must be a power of two for {self.method.capitalize()}, such as {below} or "
                f"{2 * below}, got {self.points}"
            )
        return self


class SweepFile(Part):
    """A whole sweep: one scenario, what is varied, how often it is repeated, what is kept."""

    name: str = Field(min_length=1, max_length=64, description="short name")
    scenario: str = Field(
        min_length=1, description="shipped scenario, or path of a scenario file, from the sweep file's folder"
    )
    set: dict[str, Any] = Field(
        default_factory=dict,
        description='scenario keys that differ from the file in all runs, such as `"retail.traders" = 500`',
    )
    replications: int | None = Field(
        None,
        ge=1,
        le=LARGEST_SWEEP,
        description="runs of each point, with seeds spawned from `seed`; one if "
        "neither this nor `seeds` is given",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="root of spawned seeds")
    seeds: tuple[int, ...] | None = Field(None, description="these seeds, in place of spawned ones")
    common_seeds: bool = Field(
        True, description="whether all points share their seeds, as comparing them seed by seed needs"
    )
    twins: tuple[str, ...] = Field(
        ("baseline",), min_length=1, max_length=32, description="mechanisms to switch off, one twin each"
    )
    until: Literal["end", "crash_end"] = Field(
        "end", description="where runs stop: at their end, or when the crash window is over"
    )
    traces: Literal["none", "minutes", "steps"] = Field(
        "minutes", description="series kept of each run: none, by minute, or every series at every step"
    )
    time_limit_s: float | None = Field(
        None, gt=0, le=1e7, description="seconds after which a run is stopped and counts as failed"
    )
    sample: Sample | None = Field(None, description="how axes with bounds are drawn")
    axes: tuple[Axis, ...] = Field((), max_length=200, description="what is varied; all combinations are run")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.seeds is not None and self.replications is not None:
            raise ValueError("seeds: give a list of seeds, or replications, not both")
        if self.seeds is not None:
            _check_seeds(self.seeds)
            if not self.common_seeds:
                raise ValueError("common_seeds: false needs spawned seeds; give replications, not seeds")
        for place, twin in enumerate(self.twins):
            if twin in self.twins[:place]:
                raise ValueError(f"twins: {twin!r} is there twice")
        for place, axis in enumerate(self.axes):
            self._check_place(place, axis)
        sampled = [axis.path for axis in self.axes if axis.sampled]
        if sampled and self.sample is None:
            raise ValueError(f"sample: missing; {sampled[0]} has bounds to sample, say method and points")
        if self.sample is not None and not sampled:
            raise ValueError("sample: no axis has low and high; nothing would be drawn")
        return self

    def _check_place(self, place: int, axis: Axis) -> None:
        """Raise ValueError for an axis that is there twice, or hangs on one that is not above it."""
        for earlier, other in enumerate(self.axes[:place]):
            if other.path == axis.path:
                raise ValueError(
                    f"axes.{place}.path: {axis.path!r} is varied twice, here and in axes.{earlier}"
                )
        above = [other.path for other in self.axes[:place] if not other.sampled]
        for path in axis.when:
            if path not in above:
                known = f"listed above: {', '.join(above)}" if above else "there is none above"
                raise ValueError(
                    f"axes.{place}.when: {path!r} is no axis of values or range above this one ({known})"
                )


def _check_seeds(seeds: tuple[int, ...]) -> None:
    if not seeds:
        raise ValueError("seeds: the list is empty; give at least one seed")
    for place, seed in enumerate(seeds):
        if not 0 <= seed < 2**32:
            raise ValueError(f"seeds: must be from 0 to 4294967295, got {seed}")
        if seed in seeds[:place]:
            raise ValueError(f"seeds: {seed} is there twice")


def _same(first: Any, second: Any) -> bool:
    return type(first) is type(second) and bool(first == second)
