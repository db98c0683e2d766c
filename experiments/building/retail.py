"""Setting up leveraged retail: who trades what, how large and with how much leverage."""

import numpy as np
import numpy.typing as npt

from abm.compiled import for_kernels
from abm.model import MarketModel
from agents.leveraged_retail import MARGIN_USED, LeveragedRetailTraders, retail_dtype
from experiments.building.stage import MILLION, Stage


def make_retail(model: MarketModel, stage: Stage) -> LeveragedRetailTraders:
    """Draw retail traders: size, leverage, wealth; sizes are scaled to the open interest asked for."""
    p = stage.scenario.retail
    rng = stage.rng("retail")
    n = p.traders
    table = for_kernels(np.zeros(n, retail_dtype))
    table["account"] = stage.accounts.take(n)
    weights = np.array([asset.retail_share for asset in stage.scenario.assets], float)
    table["instrument"] = rng.choice(stage.assets, n, p=weights / weights.sum())
    scale = np.array([asset.leverage_scale for asset in stage.scenario.assets])[table["instrument"]]
    leverage = p.leverage_median * scale * np.exp(p.leverage_spread * rng.standard_normal(n))
    table["leverage"] = np.clip(np.rint(leverage), 1, p.leverage_max)
    size = (1.0 - rng.random(n)) ** (-1.0 / p.size_tail)
    table["susceptibility"] = np.exp(0.5 * rng.standard_normal(n))
    table["uses_stop"] = (rng.random(n) < p.stop_share) + 2 * (rng.random(n) < p.profit_share)
    inside = rng.random(n) < p.in_position
    for i, asset in enumerate(stage.scenario.assets):
        mine = table["instrument"] == i
        wanted = p.open_interest_over_depth * asset.crowding * asset.depth_1pct_usd / max(p.long_share, 1e-9)
        limit = p.size_limit_over_depth * asset.depth_1pct_usd
        size[mine] = scaled_sizes(size[mine], inside[mine], wanted, limit)
    wealth = size / (MARGIN_USED * table["leverage"])
    table["wealth_usd"] = wealth
    table["clip_usd"] = p.clip_over_depth * stage.depth[table["instrument"]]
    table["held"] = np.where(inside, -1, 0)
    accounts = table["account"]
    model.ledger.leverage[table["instrument"], accounts] = table["leverage"]
    model.ledger.isolated[table["instrument"], accounts] = 1
    model.ledger.deposit(accounts, (wealth * MILLION).astype(np.int64))
    return LeveragedRetailTraders(p, table, np.zeros(n + stage.scenario.herd.traders), stage.seed)


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
