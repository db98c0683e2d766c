"""Which accounts belong together (those of a maker, the two of a desk), and which kind of agent has them."""

from collections.abc import Callable, Sequence

import pandas as pd

from abm.owners import Owners
from abm.venues.exchange import Exchange
from agents.arbitrageur import Arbitrageurs
from agents.crowd import Crowd
from agents.market_maker import MarketMakers


def join_accounts(owners: Owners, makers: MarketMakers, arbitrageurs: Arbitrageurs) -> None:
    """Note in ``owners`` which accounts belong to one maker, and to one desk."""
    for own in makers.accounts.T:
        owners.join(enumerate(own))
    desk = arbitrageurs.table
    for leg, other in zip(
        zip(desk["exchange"], desk["account"], strict=True),
        zip(desk["other_exchange"], desk["other_account"], strict=True),
        strict=True,
    ):
        owners.join((leg, other))


OTHERS = "own_agent"
"""Kind of accounts that no crowd has: those of agents written by hand."""


def account_kinds(crowds: Sequence[Crowd]) -> dict[tuple[int, int], str]:
    """Return the kind of agent behind each account of each exchange, by place of the exchange and row."""
    kinds: dict[tuple[int, int], str] = {}
    for crowd in crowds:
        names = crowd.table.dtype.names or ()
        if isinstance(crowd, MarketMakers):
            pairs = [(place, int(row)) for place, own in enumerate(crowd.accounts) for row in own]
        elif isinstance(crowd, Arbitrageurs):
            legs = [("exchange", "account"), ("other_exchange", "other_account")]
            pairs = [
                (int(place), int(row))
                for exchange, account in legs
                for place, row in zip(crowd.table[exchange], crowd.table[account], strict=True)
            ]
        else:
            pairs = (
                [(crowd.exchange, int(row)) for row in crowd.table["account"]] if "account" in names else []
            )
        for pair in pairs:
            kinds.setdefault(pair, crowd.kind)
    return kinds


def with_kinds(
    report: Callable[[], pd.DataFrame], exchanges: Sequence[Exchange], kinds: dict[tuple[int, int], str]
) -> pd.DataFrame:
    """Return a table of accounts and instruments with a column ``kind``: whose account each is."""
    table = report()
    places = {name: place for place, exchange in enumerate(exchanges) for name in exchange.instrument_names}
    owners = [
        kinds.get((places[instrument], int(account)), OTHERS)
        for instrument, account in zip(table["instrument"], table["account"], strict=True)
    ]
    return table.assign(kind=owners)
