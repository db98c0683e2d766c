"""What a scenario may say of information: tiers of readers, and who reads in which."""

from collections.abc import Iterable
from dataclasses import replace

from pydantic import Field

from abm.information.tiers import CONNECTED, HEADLINE, INSIDER, PROFESSIONAL, TIERS, Tier
from agents.crowd import Parameters


class TierSpec(Parameters):
    """A tier of readers of news: one of your own, or numbers in place of those that a known one has."""

    name: str = Field(
        min_length=1,
        max_length=64,
        description="`insider`, `connected`, `professional`, `headline`, or a name of your own",
    )
    delay_s: float | None = Field(None, ge=0, le=1e8, description="median of the delay, seconds")
    delay_spread: float | None = Field(
        None, ge=0, le=5, description="standard deviation of the log of the delay"
    )
    noise: float | None = Field(
        None, ge=0, le=5, description="standard deviation of the relative error in the size that is read"
    )
    ahead_s: float | None = Field(
        None, ge=0, le=1e8, description="how long before the item's time the delay begins to count, seconds"
    )

    def change(self, tier: Tier) -> Tier:
        """Return ``tier`` with the numbers that are given here."""
        given = self.model_dump(exclude={"name"}, exclude_none=True)
        return replace(tier, **given)


class Information(Parameters):
    """Who learns of news by which tier; kinds that look at no news are counted in their tier all the same."""

    apply: bool = Field(
        False,
        description="whether fundamentalists and makers learn of news by their tier; else each by its own "
        "delay, without error",
    )
    tiers: tuple[TierSpec, ...] = Field(
        (), description="tiers of your own, and changes to known ones; a number not given is 0 in a new tier"
    )
    leveraged_retail: str = Field(HEADLINE, description="tier of leveraged retail")
    fundamentalist: str = Field(HEADLINE, description="tier of fundamentalists")
    market_maker: str = Field(
        PROFESSIONAL, description="tier of makers; its median delay takes the place of their own"
    )
    arbitrageur: str = Field(PROFESSIONAL, description="tier of arbitrageurs")
    cross_margin_fund: str = Field(PROFESSIONAL, description="tier of cross-margin funds")
    institution: str = Field(CONNECTED, description="tier of institutions")
    whale: str = Field(INSIDER, description="tier of an informed whale; a lucky one reads headlines")

    def tier_of(self, kind: str) -> str:
        """Return the name of the tier in which a kind of agent reads."""
        return str(getattr(self, kind)) if kind in type(self).model_fields else HEADLINE

    def tier_for(self, kind: str, changes: Iterable[TierSpec] = ()) -> Tier:
        """Return the tier in which a kind of agent reads an item that comes with ``changes`` of its own."""
        name = self.tier_of(kind)
        tier = self.known()[name]
        for spec in changes:
            if spec.name == name:
                tier = spec.change(tier)
        return tier

    def known(self) -> dict[str, Tier]:
        """Return all tiers of the scenario by name."""
        tiers = dict(TIERS)
        for spec in self.tiers:
            tiers[spec.name] = spec.change(tiers.get(spec.name, Tier()))
        return tiers

    def named(self) -> dict[str, str]:
        """Return the tier that each kind is put in, by key."""
        return {
            kind: str(getattr(self, kind))
            for kind in type(self).model_fields
            if kind not in ("apply", "tiers")
        }
