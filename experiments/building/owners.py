"""Which accounts belong together: those of a maker, and the two of a desk."""

from abm.owners import Owners
from agents.arbitrageur import Arbitrageurs
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
