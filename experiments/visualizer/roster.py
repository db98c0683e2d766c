"""The agents of a run as a table: who is where, with what, how near to liquidation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from abm.instruments import PERPETUAL
from abm.model import MarketModel
from abm.venues.exchange import Exchange
from agents.crowd import Crowd
from agents.trader import Trader
from experiments.visualizer.liquidation_map import breach_prices, wallets
from experiments.visualizer.open_orders import count_orders
from experiments.visualizer.packing import number

COLUMNS = ("equity_usd", "position_usd", "leverage", "liquidation_price_usd", "distance")
"""What can be sorted by; ``distance`` is how far the mark is from liquidation, fraction."""
ROWS = 60

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Query:
    """What of the table is asked for: a kind or an exchange (empty = all), the order."""

    kind: str = ""
    exchange: str = ""
    sort: str = "distance"
    descending: bool = False


@dataclass
class Standing:
    """All accounts of one exchange, arrays of shape ``(accounts,)``; see `COLUMNS` for the units.

    ``main`` is the instrument of the largest position, -1 where there is none; ``position_usd`` is that
    position, ``leverage`` the notional of all positions over equity.
    """

    equity_usd: Floats
    position_usd: Floats
    leverage: Floats
    liquidation_price_usd: Floats
    distance: Floats
    main: npt.NDArray[np.int64]


def standing(exchange: Exchange) -> Standing:
    """Return how all accounts of ``exchange`` stand at the present marks."""
    ledger, table = exchange.ledger, exchange.table
    perpetuals = np.flatnonzero(table["kind"] == PERPETUAL)
    cross = wallets(exchange)
    unit = table["lot"] * exchange.view["mark"]
    usd = ledger.position[perpetuals] * unit[perpetuals, None]
    profit = usd - ledger.entry_value[perpetuals] / 1e6
    alone = ledger.isolated[perpetuals] != 0
    equity = (cross[0] + ledger.isolated_margin.sum(axis=0)) / 1e6 + (profit * alone).sum(axis=0)
    largest = np.abs(usd).argmax(axis=0)
    everyone = np.arange(ledger.accounts)
    prices = np.stack([breach_prices(exchange, int(i), cross) for i in perpetuals])
    price = prices[largest, everyone]
    gross = np.abs(usd).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        leverage = np.where(equity > 0.0, gross / equity, np.nan)
    mark = exchange.view["mark"][perpetuals][largest]
    main = np.where(gross > 0.0, perpetuals[largest], -1)
    return Standing(equity, usd[largest, everyone], leverage, price, np.abs(price / mark - 1.0), main)


class Roster:
    """Who has which account on which exchange.

    Attributes
    ----------
    kind, exchange, account, number
        Of each agent: its kind (place in `kinds`), exchange, row in the ledger, number among its kind.
    """

    def __init__(self, model: MarketModel) -> None:
        self.model = model
        self.kinds: list[str] = []
        self.read()

    def read(self) -> None:
        """List the agents anew, after one was added."""
        kinds: list[str] = []
        parts: list[npt.NDArray[np.int64]] = []
        for crowd in self.model.crowds:
            if isinstance(crowd, Crowd) and len(crowd.table):
                names = crowd.table.dtype.names or ()
                home = np.full(len(crowd.table), crowd.exchange, np.int64)
                parts.append(
                    self._rows(
                        kinds,
                        crowd.kind,
                        crowd.table["exchange"].astype(np.int64) if "exchange" in names else home,
                        crowd.table["account"].astype(np.int64),
                    )
                )
        own = [agent for agent in self.model.agents if isinstance(agent, Trader)]
        for agent in own:
            place = np.array([self.model.exchanges.index(agent.exchange)])
            parts.append(self._rows(kinds, type(agent).__name__, place, np.array([agent.account])))
        rows = np.concatenate(parts, axis=1) if parts else np.zeros((4, 0), np.int64)
        self.kinds = kinds
        self.kind, self.exchange, self.account, self.number = rows
        _, first = np.unique(np.stack((self.exchange, self.account)), axis=1, return_index=True)
        keep = np.sort(first)
        self.kind, self.exchange, self.account, self.number = rows[:, keep]

    def _rows(
        self, kinds: list[str], kind: str, exchange: npt.NDArray[np.int64], account: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        if kind not in kinds:
            kinds.append(kind)
        count = len(account)
        return np.stack((np.full(count, kinds.index(kind)), exchange, account, np.arange(count)))

    def reading(self, agent: tuple[int, int]) -> tuple[float, ...]:
        """Return what `TRACK` names of the account of an exchange."""
        place, account = agent
        now = standing(self.model.exchanges[place])
        return (
            float(now.equity_usd[account]),
            float(now.leverage[account]),
            float(now.liquidation_price_usd[account]),
            float(now.position_usd[account]),
            float(count_orders(self.model.exchanges[place], account)),
        )

    def table(self, query: Query, most: int = ROWS) -> dict[str, Any]:
        """Return the first rows of the agents that ``query`` asks for, and how many there are.

        Raises
        ------
        ValueError
            If the column to sort by is unknown.
        """
        if query.sort not in COLUMNS:
            raise ValueError(f"sort: unknown column {query.sort!r}; known: {', '.join(COLUMNS)}")
        names = [exchange.name for exchange in self.model.exchanges]
        chosen = np.ones(len(self.kind), np.bool_)
        if query.kind:
            chosen &= self.kind == (self.kinds.index(query.kind) if query.kind in self.kinds else -1)
        if query.exchange:
            chosen &= self.exchange == (names.index(query.exchange) if query.exchange in names else -1)
        rows = np.flatnonzero(chosen)
        places = np.unique(self.exchange[rows]).tolist()
        now = {int(place): standing(self.model.exchanges[place]) for place in places}
        key = np.full(len(rows), np.nan)
        for place, state in now.items():
            mine = self.exchange[rows] == place
            key[mine] = getattr(state, query.sort)[self.account[rows[mine]]]
        if query.sort == "position_usd":
            key = np.abs(key)
        key = np.where(np.isnan(key), np.inf, -key if query.descending else key)
        first = rows[np.argsort(key, kind="stable")[:most]]
        return {"total": len(rows), "rows": [self._row(int(row), now, names) for row in first]}

    def _row(self, row: int, now: dict[int, Standing], names: list[str]) -> dict[str, Any]:
        place, account = int(self.exchange[row]), int(self.account[row])
        state = now[place]
        main = int(state.main[account])
        return {
            "kind": self.kinds[int(self.kind[row])],
            "number": int(self.number[row]),
            "exchange": names[place],
            "account": account,
            "instrument": self.model.exchanges[place].instrument_names[main] if main >= 0 else "",
        } | {name: number(float(getattr(state, name)[account])) for name in COLUMNS}
