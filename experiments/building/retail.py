"""Setting up leveraged retail: who trades what, how large and with how much leverage."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import for_kernels
from agents.leveraged_retail import LeveragedRetailTraders
from agents.retail.state import MARGIN_USED, retail_dtype
from experiments.building.information import make_readers
from experiments.building.stage import MILLION, Floor, Stage


def make_retail(stage: Stage, sentiment: npt.NDArray[np.float64]) -> list[LeveragedRetailTraders]:
    """Draw the retail traders of every exchange; each crowd has its part of ``sentiment``."""
    crowds, first = [], 0
    for floor, count in zip(stage.floors, stage.retail_counts, strict=True):
        crowds.append(retail_of(stage, floor, count, sentiment, first))
        first += count
    return crowds


def retail_of(
    stage: Stage, floor: Floor, n: int, sentiment: npt.NDArray[np.float64], first_node: int
) -> LeveragedRetailTraders:
    """Draw retail traders: size, leverage, wealth; sizes are scaled to the open interest asked for."""
    p = stage.scenario.retail
    rng = stage.rng("retail", floor)
    ledger = floor.exchange.ledger
    table = for_kernels(np.zeros(n, retail_dtype))
    table["account"] = floor.accounts.take(n)
    perpetuals = floor.perpetuals
    weights = stage.per_asset("retail_share")[floor.asset[perpetuals]]
    table["instrument"] = rng.choice(perpetuals, n, p=weights / weights.sum())
    scale = stage.per_asset("leverage_scale")[floor.asset[table["instrument"]]]
    leverage = p.leverage_median * scale * np.exp(p.leverage_spread * rng.standard_normal(n))
    allowed = np.array([highest_leverage(stage, floor, i) for i in range(floor.instruments)])
    most = np.minimum(min(p.leverage_max, stage.leverage_allowed), allowed[table["instrument"]])
    table["leverage"] = np.clip(np.rint(leverage), 1, most)
    size = (1.0 - rng.random(n)) ** (-1.0 / p.size_tail)
    table["susceptibility"] = np.exp(0.5 * rng.standard_normal(n))
    table["uses_stop"] = (rng.random(n) < p.stop_share) + 2 * (rng.random(n) < p.profit_share)
    inside = rng.random(n) < p.in_position
    wanted = stage.open_interest(floor) / max(p.long_share, 1e-9)
    for i in perpetuals:
        mine = table["instrument"] == i
        limit = p.size_limit_over_depth * floor.depth[i]
        size[mine] = scaled_sizes(size[mine], inside[mine], wanted[i], limit)
    wealth = size / (MARGIN_USED * table["leverage"])
    table["wealth_usd"] = wealth
    table["clip_usd"] = p.clip_over_depth * floor.depth[table["instrument"]]
    table["held"] = np.where(inside, -1, 0)
    accounts = table["account"]
    ledger.leverage[table["instrument"], accounts] = table["leverage"]
    ledger.isolated[table["instrument"], accounts] = 1
    ledger.deposit(accounts, (wealth * MILLION).astype(np.int64))
    give_habits(stage, floor, table)
    readers = make_readers(stage, "leveraged_retail", f"leveraged_retail {floor.place}")
    return LeveragedRetailTraders(
        p, table, sentiment, floor.price, stage.seed, floor.place, readers, first_node
    )


def give_habits(stage: Stage, floor: Floor, table: Records) -> None:
    """Draw who waits for a deep fall, and give everybody the money that is kept outside."""
    p = stage.scenario.retail
    rng = stage.rng("retail habits", floor)
    table["reserve"] = (p.reserve_share * table["wealth_usd"] * MILLION).astype(np.int64)
    table["dips"] = rng.random(len(table)) < p.dip_share


def highest_leverage(stage: Stage, floor: Floor, instrument: int) -> float:
    """Return the highest leverage that the exchange allows in an instrument."""
    asset = stage.asset_names[floor.asset[instrument]]
    return float(floor.venue.terms(asset).tiers.max_leverage)


def scaled_sizes(
    size: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_], wanted: float, limit: float
) -> npt.NDArray[np.float64]:
    """Return sizes scaled and cut at ``limit`` so that those ``inside`` sum to ``wanted`` if they can."""
    if not inside.any():
        return np.minimum(size * wanted / max(size.sum(), 1e-9), limit)
    low, high = 0.0, limit / size[inside].min()
    for _ in range(60):
        middle = 0.5 * (low + high)
        if np.minimum(size[inside] * middle, limit).sum() < wanted:
            low = middle
        else:
            high = middle
    return np.minimum(size * high, limit)
