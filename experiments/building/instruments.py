"""What is traded on an exchange: the perpetuals of its assets, then their spot pairs."""

from abm.instruments import PERPETUAL, Instrument
from experiments.building.stage import Floor, Stage


def make_instruments(stage: Stage, floor: Floor) -> list[Instrument]:
    """Return the instruments of ``floor``; those of the hub have plain names, others name their exchange."""
    return [make_instrument(stage, floor, row) for row in range(floor.instruments)]


def make_instrument(stage: Stage, floor: Floor, row: int) -> Instrument:
    """Return one instrument of ``floor``."""
    asset = stage.scenario.assets[floor.asset[row]]
    perpetual = floor.kind[row] == PERPETUAL
    fees = floor.venue.fees if perpetual else floor.venue.spot_fees
    name = f"{asset.name}-{'PERP' if perpetual else 'SPOT'}"
    return Instrument(
        name if floor.place == 0 else f"{name}@{floor.spec.name}",
        asset.name,
        "perpetual" if perpetual else "spot",
        asset.tick_size_usd,
        asset.lot_size,
        fees.maker_ppm,
        fees.taker_ppm,
    )
