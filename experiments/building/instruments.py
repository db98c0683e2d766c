"""What is traded: a perpetual and a spot pair of every asset."""

from typing import Literal

from abm.instruments import Instrument
from abm.rules.fees import FeeSchedule
from abm.venues.venue import Venue
from experiments.scenarios.schema import Asset, Scenario


def make_instruments(scenario: Scenario, venue: Venue) -> list[Instrument]:
    """Return the perpetuals of all assets, then their spot pairs."""
    perpetuals = [make_instrument(asset, "PERP", "perpetual", venue.fees) for asset in scenario.assets]
    return perpetuals + [make_instrument(asset, "SPOT", "spot", venue.spot_fees) for asset in scenario.assets]


def make_instrument(
    asset: Asset, suffix: str, kind: Literal["spot", "perpetual"], fees: FeeSchedule
) -> Instrument:
    """Return the instrument of ``asset`` whose name ends in ``suffix``."""
    return Instrument(
        f"{asset.name}-{suffix}",
        asset.name,
        kind,
        asset.tick_size_usd,
        asset.lot_size,
        fees.maker_ppm,
        fees.taker_ppm,
    )
