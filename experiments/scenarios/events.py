"""What a scenario may let happen: news, rumours about exchanges, windows without service."""

from typing import Self

from pydantic import Field, model_validator

from experiments.scenarios.information import TierSpec
from experiments.scenarios.parts import Name, Part


class Event(Part):
    """A piece of news: it changes fundamental values, and may make them uncertain for a while."""

    name: str = Field(min_length=1, max_length=80, description="label for figures")
    time_s: float = Field(ge=0, le=1e9, description="start, seconds from the start of the run")
    duration_s: float = Field(
        0.0, ge=0, le=1e8, description="time over which the change arrives, seconds; 0 = at once"
    )
    size: float = Field(
        ge=-0.95, le=10, description="relative change of value for a loading of 1 (-0.03 = -3 %)"
    )
    equity_size: float = Field(
        0.0, ge=-0.95, le=10, description="relative change of the outside equity index"
    )
    volatility_multiple: float = Field(
        1.0, ge=1, le=100, description="factor on the volatility of values after it"
    )
    volatility_half_life_s: float = Field(
        3600.0, gt=0, le=1e8, description="half-life of that factor's excess, seconds"
    )
    shock: bool = Field(True, description="whether the twin without exogenous shock leaves it out")
    tiers: tuple[TierSpec, ...] = Field(
        (), description="how tiers of readers learn of this item, where not as usual"
    )


class Rumour(Part):
    """A rumour that a venue is insolvent: it runs over the social graph and frightens those who hear it."""

    time_s: float = Field(ge=0, le=1e9, description="start, seconds from the start of the run")
    venue: Name = Field(description="exchange that it is about")
    size: float = Field(
        gt=0, le=1, description="mood lost by a trader there who hears it; 1: from neutral to panic"
    )
    elsewhere: float = Field(0.3, ge=0, le=1, description="factor on that for those who trade elsewhere")
    first: int = Field(10, ge=1, le=1_000_000, description="number of people who tell it first")
    influencers: bool = Field(
        True, description="whether these are the most followed; else they are drawn at random"
    )
    believed: float = Field(1.0, ge=0, le=1, description="probability that a listener tells it on")
    corrected_s: float = Field(
        0.0, ge=0, le=1e9, description="when the same people correct it, seconds from the start; 0 = never"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if 0.0 < self.corrected_s <= self.time_s:
            raise ValueError(
                f"corrected_s is {self.corrected_s:g}; it must be after time_s, {self.time_s:g}, or 0"
            )
        return self


class Outage(Part):
    """A window in which the venue processes no customer message and its feed stands still."""

    start_s: float = Field(ge=0, le=1e9, description="start, seconds from the start of the run")
    end_s: float = Field(gt=0, le=1e9, description="end, seconds from the start of the run")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end_s <= self.start_s:
            raise ValueError(f"end_s is {self.end_s:g}; it must be after start_s, {self.start_s:g}")
        return self
