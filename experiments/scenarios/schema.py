"""What a scenario file may say: typed, bounded, documented, with units in the names.

A scenario sets causes (news, initial leverage, outage windows, who is there); it cannot set an outcome.
"""

import difflib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from abm.rules.adl import ALLOCATIONS
from abm.rules.adl_prices import PRICES
from abm.rules.adl_ranks import RANKS
from abm.venues.presets.loader import load_preset, preset_names
from abm.venues.venue import Venue
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
from experiments.scenarios.information import Information, TierSpec
from experiments.scenarios.rule_files import is_rule_file, with_rules

ADL_NAMES = {"adl_rank": tuple(RANKS), "adl_allocation": ALLOCATIONS, "adl_price": PRICES}
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$")]


class Part(BaseModel):
    """Base of every table of a scenario file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Asset(Part):
    """One asset with its spot pairs and its perpetuals."""

    name: Name = Field(description="name, such as BTC; the first asset is the leader that others follow")
    price_usd: float = Field(gt=0, le=1e9, description="value and price at the start, USD")
    tick_size_usd: float = Field(gt=0, le=1e6, description="smallest price step, USD")
    lot_size: float = Field(gt=0, le=1e9, description="smallest size step, units of the asset")
    volatility_5min: float = Field(
        0.001,
        gt=0,
        le=0.2,
        description="standard deviation of five-minute log-returns of value in calm times",
    )
    factor_share: float = Field(
        0.9, ge=0, le=1, description="correlation of the asset's value with the common factor"
    )
    news_loading: float = Field(1.0, ge=0, le=10, description="change of log value for news of size 1")
    depth_1pct_usd: float = Field(
        2.4e6, gt=0, le=1e12, description="makers' calm one-sided depth within 1 % in the perpetual, USD"
    )
    spot_depth_share: float = Field(
        0.3, gt=0, le=10, description="depth of the spot book over that of the perpetual"
    )
    retail_share: float = Field(1.0, ge=0, description="relative number of retail traders in this perpetual")
    crowding: float = Field(
        1.0, ge=0, le=100, description="factor on the retail open interest over depth of this perpetual"
    )
    value_capital: float = Field(
        1.0, ge=0, le=100, description="factor on the fundamentalists' capital over depth in this asset"
    )
    leverage_scale: float = Field(1.0, gt=0, le=10, description="factor on retail leverage in this perpetual")
    perpetual: bool = Field(True, description="whether it has perpetuals, not only spot pairs")
    follows: str = Field(
        "",
        max_length=64,
        description="asset that it is redeemed for, in the ratio of their first prices, as a staked coin is; "
        "its value then has no moves of its own",
    )


class Phase(Part):
    """A stretch of time with its own step length."""

    until_s: float = Field(gt=0, le=1e9, description="end, seconds from the start of the run")
    step_s: float = Field(gt=0, le=86400, description="step length, seconds")


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


class VenueSpec(Part):
    """One exchange: its rules, its share of the market, the way in."""

    name: Name = Field("hub", description="short name, such as hub")
    preset: str = Field(
        "binance-usdm-2024-10",
        description="dated rule set, see `undertow venues`, or a rule file of your own: its name ends in "
        "`.toml`, and it is looked for from the scenario file's folder",
    )
    depth_share: float = Field(
        1.0, gt=0, le=100, description="depth of its books over the depth given for the assets"
    )
    retail_share: float = Field(1.0, ge=0, le=1000, description="relative number of retail traders")
    spot: bool = Field(True, description="whether it lists spot pairs; the first exchange must")
    assets: tuple[Name, ...] = Field((), description="assets it lists; all when not given")
    index_from: tuple[Name, ...] = Field(
        (), description="exchanges whose spot pairs its index draws on; its own when not given"
    )
    mark_from: tuple[Name, ...] = Field(
        (), description="exchanges whose perpetuals its mark draws on, where the rule does so"
    )
    capacity_per_s: float = Field(0.0, ge=0, le=1e9, description="messages digested a second; 0 = unlimited")
    latency_ms: float = Field(
        0.0, ge=0, le=1e6, description="median time from its gateway to its books, milliseconds"
    )
    latency_spread: float = Field(0.5, ge=0, le=5, description="standard deviation of the log of that time")
    rate_limit_per_s: float = Field(
        0.0, ge=0, le=1e6, description="new orders a second of one account in the long run; 0 = unlimited"
    )
    insurance_fund_over_open_interest: float = Field(
        0.05, ge=0, le=10, description="cash of the insurance fund at the start over open interest"
    )
    pool_capital_over_open_interest: float = Field(
        2.5,
        ge=0,
        le=1000,
        description="capital at the start over open interest of a pool that takes the place of books",
    )
    collateral: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(
        default_factory=dict,
        description="coins that count as margin, and the share of their value that does; as the preset says "
        "when not given",
    )
    collateral_price: Literal["preset", "book", "oracle", "throttled"] = Field(
        "preset",
        description="price at which they count: the exchange's own book, what they are redeemed for, or a "
        "price that follows the book slowly",
    )
    adl_rank: str = Field("", description="order of deleveraging in place of the preset's, such as bitmex")
    adl_allocation: str = Field(
        "", description="how deleveraging is shared in place of the preset's rule, such as pro-rata"
    )
    adl_price: str = Field("", description="price of deleveraging in place of the preset's, such as mark")
    adl_cap_share: float | None = Field(
        None, gt=0, le=1, description="most that capped-pro-rata deleveraging takes of one position, a share"
    )
    margin_scale: float = Field(
        1.0,
        gt=0,
        le=20,
        description="factor on the maintenance rates of all tiers; their highest leverages are divided by it",
    )
    halt: Literal["preset", "none", "market-wide", "limit-up-down", "velocity-pause", "auction-on-breach"] = (
        Field("preset", description="rule that stops trading, in place of the preset's")
    )
    outages: tuple[Outage, ...] = Field((), description="scheduled windows without service")
    withdrawals_suspended: tuple[Outage, ...] = Field((), description="windows in which it lets no money out")
    _rules: Venue | None = PrivateAttr(None)

    def keep_rules(self, rules: Venue) -> None:
        """Remember the rules that the file named by ``preset`` holds."""
        self._rules = rules

    @property
    def rules(self) -> Venue:
        """Rules of the preset, or of the rule file as it was when the scenario was read."""
        return self._rules or load_preset(self.preset)

    @field_validator("adl_rank", "adl_allocation", "adl_price")
    @classmethod
    def _known_adl(cls, name: str, info: ValidationInfo) -> str:
        known = ADL_NAMES[str(info.field_name)]
        if name and name.replace("-", "_") not in known:
            near = difflib.get_close_matches(name.replace("-", "_"), known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"unknown rule {name!r}{hint} (known: {', '.join(known)})")
        return name

    @field_validator("preset")
    @classmethod
    def _known(cls, name: str) -> str:
        known = preset_names()
        if name not in known and not is_rule_file(name):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"unknown venue preset {name!r}{hint} (known: {', '.join(known)})")
        return name


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


def known_names(where: str, given: tuple[str, ...], known: list[str]) -> None:
    """Raise ValueError for the first of ``given`` that is not among ``known``, with the nearest name."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"{where}: unknown name {name!r}{hint} (known: {', '.join(known)})")
