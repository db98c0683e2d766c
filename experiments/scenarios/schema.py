"""What a scenario file may say: typed, bounded, documented, with units in the names.

A scenario sets causes (news, initial leverage, outage windows, who is there); it cannot set an outcome.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from abm.venues.presets.loader import load_preset
from agents.arbitrageur import ArbitrageurParameters
from agents.fundamentalist import FundamentalistParameters
from agents.funds.parameters import CrossMarginFundParameters
from agents.herd.parameters import HerdParameters
from agents.index_investor import IndexInvestorParameters
from agents.institution import InstitutionParameters
from agents.institution_kinds import INSTITUTION_KINDS
from agents.making.parameters import MarketMakerParameters
from agents.noise_trader import NoiseParameters
from agents.retail.parameters import RetailParameters
from agents.whale import WhaleParameters
from experiments.scenarios.asset import Asset
from experiments.scenarios.events import Event, Rumour
from experiments.scenarios.exchange import VenueSpec
from experiments.scenarios.information import Information
from experiments.scenarios.parts import Name, Part, known_names
from experiments.scenarios.rule_files import is_rule_file, with_rules


class Phase(Part):
    """A stretch of time with its own step length."""

    until_s: float = Field(gt=0, le=1e9, description="end, seconds from the start of the run")
    step_s: float = Field(gt=0, le=86400, description="step length, seconds")


class Fundamentals(Part):
    """Fundamental values: their clustering volatility, and when they are known."""

    known_at_s: float = Field(
        0.0,
        ge=0,
        le=1e9,
        description="time at which values are known to be the prices of the assets again, news apart, seconds"
        " (0: never): the values before it are drawn given that",
    )

    fast_s: float = Field(1800.0, gt=0, le=1e8, description="relaxation time of the fast component, seconds")
    slow_s: float = Field(86400.0, gt=0, le=1e8, description="relaxation time of the slow component, seconds")
    fast_size: float = Field(
        0.45, ge=0, le=2, description="standard deviation of the fast component of log volatility"
    )
    slow_size: float = Field(
        0.35, ge=0, le=2, description="standard deviation of the slow component of log volatility"
    )


class Crash(Part):
    """The window in which the event is measured. It causes nothing."""

    start_s: float = Field(ge=0, le=1e9, description="reference time P0, seconds from the start of the run")
    end_s: float = Field(
        gt=0, le=1e9, description="end of the search for the low, seconds from the start of the run"
    )
    news_leg_s: float = Field(
        600.0,
        gt=0,
        le=1e8,
        description="time after P0 in which the direct reaction to the news is measured, seconds",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end_s <= self.start_s:
            raise ValueError(f"end_s is {self.end_s:g}; it must be after start_s, {self.start_s:g}")
        return self


class OwnAgent(Part):
    """Agents of the user's own, found by import path."""

    agent: str = Field(
        pattern=r"^[\w.]+:[\w.]+$", description="import path of the class, such as my_module:Momentum"
    )
    count: int = Field(1, ge=1, le=10_000, description="how many")
    deposit_usd: float = Field(10_000.0, ge=0, le=1e12, description="cash of each, USD")
    options: dict[str, float | int | str | bool] = Field(
        default_factory=dict, description="keyword arguments for the class"
    )


class Scenario(Part):
    """A whole scenario."""

    name: Name = Field(description="short name")
    title: str = Field(min_length=1, max_length=120, description="one line for lists and figures")
    description: str = Field("", max_length=4000, description="what it sets up, with sources")
    start_utc: str = Field(
        "2025-01-01T00:00:00Z",
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
        description="calendar time of the start, for labels and for aligning real bars",
    )
    event: Literal["none", "october-2025", "march-2020"] = Field(
        "none", description="the real event whose targets it is judged by"
    )
    assets: tuple[Asset, ...] = Field(
        min_length=1, max_length=20, description="assets; the first is the leader"
    )
    phases: tuple[Phase, ...] = Field(min_length=1, max_length=100, description="step lengths, in order")
    crash: Crash = Field(description="where to measure")
    fundamentals: Fundamentals = Field(default_factory=Fundamentals, description="fundamental values")
    news: tuple[Event, ...] = Field((), description="news")
    information: Information = Field(default_factory=Information, description="who learns of news how")
    rumours: tuple[Rumour, ...] = Field((), description="rumours about exchanges")
    venues: tuple[VenueSpec, ...] = Field(
        (VenueSpec(),), min_length=1, max_length=8, description="exchanges; the first is the hub"
    )
    transfer_s: float = Field(
        900.0, ge=0, le=1e6, description="time that money takes from one exchange to another, seconds"
    )
    retail: RetailParameters = Field(default_factory=RetailParameters, description="leveraged retail")
    market_maker: MarketMakerParameters = Field(
        default_factory=MarketMakerParameters, description="market makers"
    )
    noise: NoiseParameters = Field(default_factory=NoiseParameters, description="noise traders")
    fundamentalist: FundamentalistParameters = Field(
        default_factory=FundamentalistParameters, description="fundamentalists"
    )
    arbitrageur: ArbitrageurParameters = Field(
        default_factory=ArbitrageurParameters, description="arbitrageurs"
    )
    cross_margin_fund: CrossMarginFundParameters = Field(
        default_factory=CrossMarginFundParameters, description="cross-margin funds"
    )
    herd: HerdParameters = Field(default_factory=HerdParameters, description="social herd")
    index_investor: IndexInvestorParameters = Field(
        default_factory=IndexInvestorParameters, description="index investors"
    )
    institution: InstitutionParameters = Field(
        default_factory=InstitutionParameters, description="institutions that owe each other"
    )
    whale: WhaleParameters | None = Field(None, description="whale; absent when not given")
    own_agents: tuple[OwnAgent, ...] = Field((), description="agents of the user's own")
    _folder: Path | None = PrivateAttr(None)

    def read_from(self, folder: Path) -> Self:
        """Return the scenario as read from a file in ``folder``, where it looks for rule files too.

        Raises
        ------
        InputError
            If a rule file is faulty, or its mark or index draws on what is not there.
        """
        self._folder = folder.resolve()
        if not any(is_rule_file(venue.preset) for venue in self.venues):
            return self
        return self.model_copy(update={"venues": with_rules(self.venues, self._folder)})

    @property
    def folder(self) -> Path | None:
        """Folder of the file it was read from; None when it was made in memory."""
        return self._folder

    @property
    def duration_s(self) -> float:
        """Length of the run in seconds."""
        return self.phases[-1].until_s

    @property
    def main_instrument(self) -> str:
        """Perpetual of the first asset."""
        return f"{self.assets[0].name}-PERP"

    def perpetual(self, asset: str) -> str | None:
        """Return the name of the perpetual of ``asset``, or None when the scenario has no such asset."""
        return f"{asset}-PERP" if any(item.name == asset and item.perpetual for item in self.assets) else None

    @property
    def eth_instrument(self) -> str | None:
        """Perpetual of ETH, if there."""
        return self.perpetual("ETH")

    @property
    def alt_instrument(self) -> str | None:
        """Perpetual of the small coin, if there."""
        return self.perpetual("ALT")

    @field_validator("start_utc")
    @classmethod
    def _calendar_time(cls, time: str) -> str:
        try:
            datetime.fromisoformat(time)
        except ValueError:
            raise ValueError(f"no such calendar time, got {time!r}") from None
        return time

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ends = [phase.until_s for phase in self.phases]
        if sorted(set(ends)) != ends:
            raise ValueError(
                f"phases: until_s must rise from phase to phase, got {', '.join(f'{e:g}' for e in ends)}"
            )
        names = [asset.name for asset in self.assets]
        if len(set(names)) != len(names):
            raise ValueError(f"assets: names must differ, got {', '.join(names)}")
        if not any(asset.retail_share > 0 for asset in self.assets):
            raise ValueError("assets: retail_share is 0 for all of them; at least one must be above 0")
        if self.arbitrageur.traders < len(self.assets):
            raise ValueError(
                f"arbitrageur: traders is {self.arbitrageur.traders}; it must be at least "
                f"{len(self.assets)}, one for each asset, as the other side of the initial positions"
            )
        self._check_tiers()
        self._check_redemption()
        self._check_venues(names)
        known_names("institution.kinds", tuple(self.institution.kinds), list(INSTITUTION_KINDS))
        if self.crash.end_s > self.duration_s:
            raise ValueError(f"crash: end_s is {self.crash.end_s:g}; the run ends at {self.duration_s:g} s")
        return self

    def _check_tiers(self) -> None:
        """Raise ValueError for tiers that do not exist."""
        known = list(self.information.known())
        for kind, tier in self.information.named().items():
            known_names(f"information.{kind}", (tier,), known)
        for event in self.news:
            known_names(f"news.{event.name}.tiers", tuple(spec.name for spec in event.tiers), known)

    def _check_redemption(self) -> None:
        """Raise ValueError for a leader without perpetual and for coins redeemed for what has no value."""
        if not self.assets[0].perpetual:
            raise ValueError(
                f"assets.{self.assets[0].name}: perpetual is false; the first asset, the leader, needs one"
            )
        own = [asset.name for asset in self.assets if not asset.follows]
        for asset in self.assets:
            if asset.follows:
                known_names(f"assets.{asset.name}.follows", (asset.follows,), own)

    def _check_venues(self, assets: list[str]) -> None:
        """Raise ValueError for names that do not exist and shares that make no market."""
        venues = [venue.name for venue in self.venues]
        if len(set(venues)) != len(venues):
            raise ValueError(f"venues: names must differ, got {', '.join(venues)}")
        if not self.venues[0].spot:
            raise ValueError(f"venues.{venues[0]}: spot is false; the first exchange must list spot pairs")
        if not any(venue.retail_share > 0 for venue in self.venues):
            raise ValueError("venues: retail_share is 0 for all of them; at least one must be above 0")
        for venue in self.venues:
            if venue.spot and not is_rule_file(venue.preset) and _matching_kind(venue.preset) == "pool":
                raise ValueError(
                    f"venues.{venue.name}: spot is true; {venue.preset} is a pool without spot pairs"
                )
            known_names(f"venues.{venue.name}.assets", venue.assets, assets)
            known_names(f"venues.{venue.name}.collateral", tuple(venue.collateral), assets)
            known_names(f"venues.{venue.name}.index_from", venue.index_from, venues)
            known_names(f"venues.{venue.name}.mark_from", venue.mark_from, venues)
        if self.whale is not None and self.whale.venue:
            known_names("whale.venue", (self.whale.venue,), venues)
        for number, rumour in enumerate(self.rumours):
            known_names(f"rumours.{number}.venue", (rumour.venue,), venues)


@cache
def _matching_kind(preset: str) -> str:
    """Return how a preset matches orders; presets do not change while a program runs."""
    return load_preset(preset).matching.kind
