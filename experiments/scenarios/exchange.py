"""What a scenario may say of an exchange: its rules, its share of the market, the way in."""

import difflib
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from abm.rules.adl import ALLOCATIONS
from abm.rules.adl_prices import PRICES
from abm.rules.adl_ranks import RANKS
from abm.venues.presets.loader import load_preset, preset_names
from abm.venues.venue import Venue
from experiments.scenarios.events import Outage
from experiments.scenarios.parts import Name, Part
from experiments.scenarios.rule_files import is_rule_file

ADL_NAMES = {"adl_rank": tuple(RANKS), "adl_allocation": ALLOCATIONS, "adl_price": PRICES}


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
