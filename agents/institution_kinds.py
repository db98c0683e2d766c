"""Kinds of institutions: what a balance sheet looks like at the start. A new kind is one entry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InstitutionKind:
    """One kind of institution.

    Attributes
    ----------
    share
        Of all institutions, relative to the other kinds.
    size
        Assets relative to the other kinds.
    leverage
        Assets over equity.
    cash, coins, illiquid
        Parts of what it owns besides claims on others; relative, any sum.
    deposits
        Share of its debts that is owed to depositors; the rest to other institutions.
    core
        Whether it deals with all others; see `abm.networks.core_periphery`.
    lends
        Whether it lends to the core instead of borrowing there.
    lines_to
        Kinds of traders that it gives credit lines to.
    """

    share: float
    size: float
    leverage: float
    cash: float
    coins: float
    illiquid: float
    deposits: float
    core: bool = False
    lends: bool = False
    lines_to: tuple[str, ...] = ()

    def limit(self, leverage: float, multiple: float) -> float:
        """Return the leverage at which creditors ask for money back, from the one at the start."""
        return 1.0 + multiple * (leverage - 1.0)


INSTITUTION_KINDS: dict[str, InstitutionKind] = {
    "fund": InstitutionKind(10, 1.0, 3.0, cash=0.05, coins=0.85, illiquid=0.10, deposits=0.0),
    "lender": InstitutionKind(
        4,
        2.0,
        5.0,
        cash=0.25,
        coins=0.25,
        illiquid=0.50,
        deposits=0.7,
        core=True,
        lines_to=("cross_margin_fund",),
    ),
    "broker": InstitutionKind(
        3,
        2.5,
        5.0,
        cash=0.30,
        coins=0.40,
        illiquid=0.30,
        deposits=0.4,
        core=True,
        lines_to=("market_maker",),
    ),
    "exchange": InstitutionKind(3, 4.0, 8.0, cash=0.80, coins=0.10, illiquid=0.10, deposits=0.95, core=True),
    "asset_lender": InstitutionKind(
        4, 1.0, 1.6, cash=0.10, coins=0.0, illiquid=0.90, deposits=0.9, lends=True
    ),
}
"""Name -> balance sheet. ``asset_lender`` lends against assets of the real world, with low leverage; the
proportions are assumed."""
