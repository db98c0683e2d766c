"""Setting up the witness: whom it tells apart, and whom it counts."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.ledger.accounts import FEES, INSURANCE_FUND
from abm.measures.losses import Group
from abm.measures.witness import Witness
from abm.model import MarketModel
from agents.arbitrageur import Arbitrageurs
from agents.crowd import Crowd
from agents.leveraged_retail import LeveragedRetailTraders
from agents.liquidation_engine import LiquidationEngineAgent
from agents.market_maker import MarketMakers
from agents.social_herd import SocialHerd
from experiments.scenarios.schema import Scenario

Members = tuple[tuple[int, npt.NDArray[np.int64]], ...]


def make_witness(model: MarketModel, scenario: Scenario, crowds: Sequence[Crowd]) -> Witness:
    """Return the witness of a market whose crowds all have their accounts."""
    retail = [crowd for crowd in crowds if isinstance(crowd, LeveragedRetailTraders)]
    people = [crowd for crowd in crowds if isinstance(crowd, LeveragedRetailTraders | SocialHerd)]
    return Witness(
        model.exchanges,
        model.transfers,
        [*kind_groups(model, crowds), *tier_groups(crowds)],
        [place for crowd in people for place in members_of(crowd)],
        [place for crowd in retail for place in members_of(crowd)],
        scenario.crash.start_s,
        scenario.crash.end_s,
    )


def reporters(witness: Witness, model: MarketModel) -> dict[str, Callable[[], pd.DataFrame]]:
    """Return the tables of what a witness saw, by name."""
    engines: list[LiquidationEngineAgent] = sorted(
        model.agents_by_type[LiquidationEngineAgent], key=lambda engine: engine.place
    )
    reports = [engine.deleveraging_table for engine in engines]
    return {
        "crowd_trades": witness.trade_table,
        "liquidation_map": witness.map_table,
        "losses": witness.loss_table,
        "deleveraged": partial(witness.deleveraged_table, reports),
    }


def members_of(crowd: Crowd) -> Members:
    """Return the accounts of a crowd by exchange."""
    if isinstance(crowd, MarketMakers):
        return tuple((place, rows.astype(np.int64)) for place, rows in enumerate(crowd.accounts))
    account = crowd.table["account"].astype(np.int64)
    if isinstance(crowd, Arbitrageurs):
        desk = crowd.table
        place = np.concatenate([desk["exchange"], desk["other_exchange"]])
        rows = np.concatenate([account, desk["other_account"].astype(np.int64)])
        return tuple((int(e), np.unique(rows[place == e])) for e in np.unique(place))
    return ((crowd.exchange, np.unique(account)),)


def kind_groups(model: MarketModel, crowds: Sequence[Crowd]) -> list[Group]:
    """Return one group for each kind of trader, and one for fees and insurance funds of all exchanges."""
    found: dict[str, list[tuple[int, npt.NDArray[np.int64]]]] = {}
    for crowd in crowds:
        found.setdefault(crowd.kind, []).extend(place for place in members_of(crowd) if len(place[1]))
    own = np.array([FEES, INSURANCE_FUND])
    found["venue"] = [(place, own) for place in range(len(model.exchanges))]
    return [Group("kind", name, tuple(members)) for name, members in found.items() if members]


def tier_groups(crowds: Sequence[Crowd]) -> list[Group]:
    """Return one group for each information tier, of crowds with an attribute ``tier_names``.

    It holds one name for all members, or one for each.
    """
    found: dict[str, list[tuple[int, npt.NDArray[np.int64]]]] = {}
    for crowd in crowds:
        tier = getattr(crowd, "tier_names", None)
        if tier is None or len(crowd.table) == 0:
            continue
        names = np.broadcast_to(np.asarray(tier), (len(crowd.table),))
        if (names == names[0]).all():  # also of those with accounts on several exchanges
            found.setdefault(str(names[0]), []).extend(members_of(crowd))
            continue
        for name in np.unique(names):
            rows = crowd.table["account"][names == name].astype(np.int64)
            found.setdefault(str(name), []).append((crowd.exchange, rows))
    return [Group("tier", name, tuple(members)) for name, members in found.items()]
