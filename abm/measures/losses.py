"""Who lost: what accounts are worth, all they hold counted, and how that changed by group."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from abm.instruments import MILLIONTHS, PERPETUAL, SPOT
from abm.ledger.valuation import account_equity
from abm.venues.exchange import Exchange
from abm.venues.transfers import Transfers

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Group(NamedTuple):
    """Accounts that are counted together: what they are told apart by, their name, rows by exchange."""

    by: str
    name: str
    members: tuple[tuple[int, Rows], ...]


class GroupChange(NamedTuple):
    """What became of a group, USD."""

    by: str
    name: str
    accounts: int
    equity_usd: float
    change_usd: float


def worth(exchanges: Sequence[Exchange], transfers: Transfers | None = None) -> list[Floats]:
    """Return what each account is worth, USD, one array for each exchange.

    Cash, isolated margin, unrealised profit at the mark, spot holdings at the mid, and money that is on its
    way to the account.
    """
    values = []
    for exchange in exchanges:
        table, ledger = exchange.table, exchange.ledger
        usd = account_equity(ledger, exchange.pricing.mark_ticks) / MILLIONTHS
        for i in np.flatnonzero(table["kind"] == SPOT):
            usd = usd + ledger.position[i] * float(table["lot"][i] * exchange.view["mid"][i])
        values.append(np.asarray(usd, np.float64))
    for item in transfers.waiting if transfers is not None else ():
        values[item.exchange][item.account] += item.amount / MILLIONTHS
    return values


def exposure(exchange: Exchange) -> Floats:
    """Return the notional of all perpetual positions of each account at the mark, USD."""
    table = exchange.table
    usd = np.zeros(exchange.ledger.accounts)
    for i in np.flatnonzero(table["kind"] == PERPETUAL):
        usd += np.abs(exchange.ledger.position[i]) * float(table["lot"][i] * exchange.view["mark"][i])
    return usd


def leverage_deciles(
    exchanges: Sequence[Exchange], usd: Sequence[Floats], members: Iterable[tuple[int, Rows]]
) -> list[Group]:
    """Return the members that hold perpetuals in ten groups of rising leverage: notional over worth.

    Parameters
    ----------
    usd
        What `worth` returns.
    members
        Exchange and account rows.
    """
    parts = [(place, rows, exposure(exchanges[place])[rows], usd[place][rows]) for place, rows in members]
    if not parts:
        return []
    place = np.concatenate([np.full(len(rows), where) for where, rows, _, _ in parts])
    row = np.concatenate([rows for _, rows, _, _ in parts])
    held = np.concatenate([notional for _, _, notional, _ in parts])
    own = np.concatenate([value for _, _, _, value in parts])
    inside = np.flatnonzero((held > 0.0) & (own > 0.0))
    order = inside[np.argsort(held[inside] / own[inside], kind="stable")]
    groups = []
    for k, chosen in enumerate(np.array_split(order, 10), 1):
        if len(chosen):
            found = tuple((int(e), row[chosen[place[chosen] == e]]) for e in np.unique(place[chosen]))
            groups.append(Group("leverage decile", str(k), found))
    return groups


def changes(groups: Iterable[Group], before: Sequence[Floats], after: Sequence[Floats]) -> list[GroupChange]:
    """Return by how much the worth of each group changed."""
    found = []
    for group in groups:
        first = sum(float(before[place][rows].sum()) for place, rows in group.members)
        last = sum(float(after[place][rows].sum()) for place, rows in group.members)
        count = sum(len(rows) for _, rows in group.members)
        found.append(GroupChange(group.by, group.name, count, first, last - first))
    return found
