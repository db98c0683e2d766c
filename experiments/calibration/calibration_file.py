"""What a calibration file may say: typed, bounded, documented."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from experiments.errors import InputError
from experiments.scenarios import fault_sentences
from experiments.sweeps.sweep_reading import flat


class Part(BaseModel):
    """Base of every table of a calibration file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Parameter(Part):
    """A free parameter and its bounds."""

    path: str = Field(
        min_length=1, max_length=200, description="scenario key as `--set` names it, such as `retail.traders`"
    )
    also: tuple[str, ...] = Field((), max_length=50, description="further keys that take the same value")
    low: float = Field(description="lower bound")
    high: float = Field(description="upper bound")
    spacing: Literal["linear", "log"] = Field("linear", description="scale on which it is varied")
    whole: bool = Field(False, description="round it to whole numbers")
    scenarios: tuple[str, ...] = Field((), description="scenarios that it belongs to; all when not given")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high <= self.low:
            raise ValueError(f"high: must be greater than low, {self.low:g}, got {self.high:g}")
        if self.spacing == "log" and self.low <= 0.0:
            raise ValueError(f"low: must be greater than 0 for spacing = log, got {self.low:g}")
        return self


class CalibratedScenario(Part):
    """A scenario whose bands count."""

    scenario: str = Field(
        min_length=1, description="shipped scenario, or path from the calibration file's folder"
    )
    set: dict[str, Any] = Field(default_factory=dict, description="scenario keys that differ in all runs")
    targets: tuple[str, ...] = Field(
        (), description="ids of the bands that count; all that come from a baseline run when not given"
    )
    leave_out: tuple[str, ...] = Field((), description="ids of bands that do not count")
    weight: float = Field(1.0, gt=0, le=1000, description="factor on its distance")
    days: float | None = Field(
        None, gt=0.2, le=3650, description="length of a calm run, days; 7 when not given"
    )


class CalibrationFile(Part):
    """A whole calibration: scenarios, free parameters, seeds, budget and method."""

    name: str = Field(min_length=1, max_length=64, description="short name")
    scenarios: tuple[CalibratedScenario, ...] = Field(
        min_length=1, max_length=10, description="what is fitted"
    )
    parameters: tuple[Parameter, ...] = Field(min_length=1, max_length=30, description="what is free")
    seeds: tuple[int, ...] = Field(
        (1, 2, 3), min_length=1, description="seeds of fitting, the same at every point"
    )
    judge_seeds: tuple[int, ...] = Field(
        (101, 102, 103, 104, 105), min_length=1, description="other seeds, by which the result is judged"
    )
    budget: int = Field(64, ge=4, le=100_000, description="points to evaluate")
    method: Literal["surrogate", "differential-evolution"] = Field(
        "surrogate",
        description="half of the budget fills the box evenly and the rest goes where Gaussian processes "
        "fitted to the moments promise most; or SciPy's differential evolution",
    )
    batch: int = Field(4, ge=1, le=1000, description="surrogate: points proposed at a time")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of the search")
    cap: float = Field(
        4.0,
        gt=0,
        le=100,
        description="largest distance of one band, in half-widths; an undefined value has it",
    )
    pull: float = Field(
        0.05,
        ge=0,
        le=1,
        description="weight of the squared distance from the real figure, in half-widths, inside the band",
    )
    time_limit_s: float | None = Field(None, gt=0, le=1e7, description="longest time of a run, seconds")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        shared = sorted(set(self.seeds) & set(self.judge_seeds))
        if shared:
            raise ValueError(f"judge_seeds: {shared[0]} is a seed of fitting too; judge by fresh seeds")
        paths = [path for parameter in self.parameters for path in (parameter.path, *parameter.also)]
        for place, path in enumerate(paths):
            if path in paths[:place]:
                raise ValueError(f"parameters: {path!r} is free twice")
        return self


def read_calibration(path: Path) -> CalibrationFile:
    """Return a validated calibration file.

    Raises
    ------
    InputError
        With one line for each fault, each beginning with the file's key.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"calibration file {path}: no such file") from error
    except OSError as error:
        raise InputError(f"calibration file {path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"calibration file {path}: not valid TOML ({error})") from error
    return parse_calibration(data)


def parse_calibration(data: Mapping[str, Any]) -> CalibrationFile:
    """Return the calibration that ``data`` describes.

    Raises
    ------
    InputError
        With one line for each fault.
    """
    given = dict(data)
    scenarios = given.get("scenarios")
    if isinstance(scenarios, list):
        given["scenarios"] = [
            {**item, "set": dict(flat(item["set"]))} if isinstance(item, dict) and "set" in item else item
            for item in scenarios
        ]
    try:
        return CalibrationFile.model_validate(given)
    except ValidationError as error:
        raise InputError("\n".join(fault_sentences(error, CalibrationFile))) from None
