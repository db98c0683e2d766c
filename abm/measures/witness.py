"""The witness: looks at accounts and books at P0 and at the end of the crash, and now and then in between.

It changes nothing, and hears what networks hear. What it saw comes out as tables of events.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.measures.fragility import market_map
from abm.measures.losses import Group, changes, leverage_deciles, worth
from abm.venues.exchange import Exchange
from abm.venues.transfers import Transfers

INTERVAL_S = 600.0
"""Seconds between two counts of who bought and who sold."""
EDGES = np.round(np.linspace(-0.30, 0.30, 61), 4)
"""Moves of the price that the liquidation map tells apart, fractions."""

TRADE_COLUMNS = ("time_s", "instrument", "buyers", "sellers")
LOSS_COLUMNS = ("time_s", "by", "group", "accounts", "equity_usd", "change_usd")
MAP_COLUMNS = ("time_s", "instrument", "move_from", "move_to", "liquidated_usd", "resting_usd")
DELEVERAGED_COLUMNS = ("time_s", "kind", "accounts", "notional_usd", "in_profit_usd")

Rows = npt.NDArray[np.int64]


class Witness:
    """Looks on.

    Parameters
    ----------
    exchanges, transfers
        Of the market.
    groups
        Accounts to be told apart in the table of losses; those whose ``by`` is ``"kind"`` cover everybody.
    people
        Exchange and account rows of those whose purchases and sales are counted.
    leveraged
        The same of those who are grouped by leverage at P0.
    start_s, end_s
        P0, and the end of the crash, seconds from the start of the run.
    interval_s
        Time between two counts.
    """

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        transfers: Transfers,
        groups: Sequence[Group],
        people: Sequence[tuple[int, Rows]],
        leveraged: Sequence[tuple[int, Rows]],
        start_s: float,
        end_s: float,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.exchanges = tuple(exchanges)
        self.transfers = transfers
        self.groups = list(groups)
        self.people, self.leveraged = tuple(people), tuple(leveraged)
        self.start_s, self.end_s, self.interval_s = start_s, end_s, interval_s
        self.before: list[npt.NDArray[np.float64]] | None = None
        self.after: list[npt.NDArray[np.float64]] | None = None
        self._now_s = 0.0
        self._next_count_s = 0.0
        self._ended_s = math.nan
        self._forced = [np.zeros(exchange.ledger.accounts, np.bool_) for exchange in exchanges]
        self._held: list[npt.NDArray[np.int64]] = []
        self._trades: list[tuple[float, str, int, int]] = []
        self._map: list[tuple[float | str, ...]] = []

    def on_liquidations(self, exchange: int, accounts: Rows, was_long: npt.NDArray[np.bool_]) -> None:  # noqa: ARG002
        """Remember who did not trade by their own will."""
        self._forced[exchange][accounts] = True

    def spread(self, momentum: npt.NDArray[np.float64], step_s: float) -> None:  # noqa: ARG002
        """Look at what the step before has left, when it is time."""
        if self._now_s <= self.end_s + 1e-6:
            for forced, exchange in zip(self._forced, self.exchanges, strict=True):
                if len(exchange.deleveraged):
                    forced[exchange.deleveraged] = True
            if self._now_s >= self._next_count_s - 1e-6:
                self._count()
        if self.before is None and self._now_s >= self.start_s - 1e-6:
            self._look_at_p0()
        if self.after is None and self._now_s >= self.end_s - 1e-6:
            self.after, self._ended_s = worth(self.exchanges, self.transfers), self._now_s
        self._now_s += step_s

    def _count(self) -> None:
        """Count who holds more, and who less, than at the last count."""
        self._next_count_s = self._now_s + self.interval_s
        held = [self.exchanges[place].ledger.position[:, rows] for place, rows in self.people]
        bought: dict[str, list[int]] = {}
        for (place, rows), now, then in zip(self.people, held, self._held or held, strict=True):
            own_will = ~self._forced[place][rows]
            for i, name in enumerate(self.exchanges[place].instrument_names):
                change = (now[i] - then[i])[own_will]
                counts = bought.setdefault(name, [0, 0])
                counts[0] += int((change > 0).sum())
                counts[1] += int((change < 0).sum())
        self._trades += [
            (self._now_s, name, buyers, sellers)
            for name, (buyers, sellers) in bought.items()
            if buyers + sellers
        ]
        self._held = held
        for forced in self._forced:
            forced[:] = False

    def _look_at_p0(self) -> None:
        self.before = worth(self.exchanges, self.transfers)
        self.groups += leverage_deciles(self.exchanges, self.before, self.leveraged)
        for name, liquidated, resting in market_map(self.exchanges, EDGES):
            for k in np.flatnonzero((liquidated > 0.0) | (resting > 0.0)):
                numbers = (EDGES[k], EDGES[k + 1], liquidated[k], resting[k])
                self._map.append((self._now_s, name, *(float(number) for number in numbers)))

    def trade_table(self) -> pd.DataFrame:
        """Return how many people bought and sold on balance by their own will, by interval and instrument."""
        return pd.DataFrame(self._trades, columns=list(TRADE_COLUMNS))

    def map_table(self) -> pd.DataFrame:
        """Return what would be liquidated, and what rested in the books, by move of the price at P0, USD."""
        return pd.DataFrame(self._map, columns=list(MAP_COLUMNS))

    def loss_table(self) -> pd.DataFrame:
        """Return worth at P0 and its change to the end of the crash, or to now, by group, USD."""
        if self.before is None:
            return pd.DataFrame(columns=list(LOSS_COLUMNS))
        after, time_s = self.after, self._ended_s
        if after is None:
            after, time_s = worth(self.exchanges, self.transfers), self._now_s
        rows = [(time_s, *change) for change in changes(self.groups, self.before, after)]
        return pd.DataFrame(rows, columns=list(LOSS_COLUMNS))

    def deleveraged_table(self, reports: Sequence[Callable[[], pd.DataFrame]]) -> pd.DataFrame:
        """Return who was auto-deleveraged from P0 to the end of the crash, by kind; ``time_s`` of the first.

        Parameters
        ----------
        reports
            For each exchange a function that returns its table of deleveraged accounts.
        """
        rows = []
        tables = [report() for report in reports]
        for group in self.groups:
            if group.by != "kind":
                continue
            parts = []
            for place, members in group.members:
                table = tables[place]
                inside = (table["time_s"] > self.start_s) & (table["time_s"] <= self.end_s)
                parts.append(table[inside & table["account"].isin(members)])
            found = [part for part in parts if len(part)]
            if found:
                notional = sum(float(part["notional_usd"].sum()) for part in found)
                won = sum(float(part.loc[part["was_in_profit"] != 0, "notional_usd"].sum()) for part in found)
                first = min(float(part["time_s"].min()) for part in found)
                accounts = sum(part["account"].nunique() for part in found)
                rows.append((first, group.name, accounts, notional, won))
        return pd.DataFrame(rows, columns=list(DELEVERAGED_COLUMNS))
