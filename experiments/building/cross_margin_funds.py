"""Setting up cross-margin funds: their books, the coins that they post, what they owe."""

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, SELL, Records, fill_table
from abm.compiled import for_kernels
from abm.ledger.valuation import cross_columns
from agents.cross_margin_fund import CrossMarginFunds
from agents.funds.parameters import CrossMarginFundParameters
from agents.funds.state import fund_dtype, leg_dtype
from experiments.building.holdings import grant_spot
from experiments.building.stage import MILLION, Floats, Floor, Stage

MOST_DEBT = 0.95
"""Largest debt of a looper at the start over what its coins count for."""
SIZE_SPREAD = 1.0
"""Standard deviation of the log size of funds."""


def make_funds(stage: Stage) -> CrossMarginFunds:
    """Draw the funds of the hub: loopers first, then those with a book of perpetuals, not held yet."""
    p = stage.scenario.cross_margin_fund
    p = p.model_copy(update={"loop_leverage": min(p.loop_leverage, stage.leverage_allowed)})
    hub = stage.hub
    rng = stage.rng("cross margin funds")
    n = p.funds
    table = for_kernels(np.zeros(n, fund_dtype))
    legs = for_kernels(np.zeros((n, hub.instruments), leg_dtype))
    table["account"] = hub.accounts.take(n)
    table["scale"] = table["share"] = 1.0
    legs["depth_usd"] = hub.depth
    loopable = coins_without_perpetual(hub)
    loopers = round(p.looper_share * n) if len(loopable) else 0
    if loopers:
        make_loopers(p, hub, table[:loopers], loopable, rng)
    if n > loopers:
        make_books(p, hub, table[loopers:], legs[loopers:], rng, stage.leverage_allowed)
        post_coins(p, hub, table[loopers:], rng)
    return CrossMarginFunds(p, table, legs, hub.kind, stage.seed)


def coins_without_perpetual(floor: Floor) -> npt.NDArray[np.int64]:
    """Return the spot pairs of accepted coins that have no perpetual: staked coins and synthetic dollars."""
    accepted = np.flatnonzero(floor.exchange.collateral.share > 0.0)
    return accepted[~np.isin(floor.asset[accepted], floor.asset[floor.perpetuals])]


def make_loopers(
    p: CrossMarginFundParameters,
    floor: Floor,
    table: Records,
    coins: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Give loopers coins, one kind each, bought with money that they owe."""
    ledger = floor.exchange.ledger
    chosen = coins[np.arange(len(table)) % len(coins)]
    usd = shared_out(rng, chosen, p.loops_over_depth * floor.depth)
    counted = usd * floor.exchange.collateral.share[chosen]
    debt = np.minimum(usd * (1.0 - 1.0 / p.loop_leverage), MOST_DEBT * counted)
    grant_spot(floor, table["account"], chosen, usd)
    for account, owed in zip(
        table["account"].tolist(), (debt * MILLION).astype(np.int64).tolist(), strict=True
    ):
        ledger.withdraw(account, owed)
    table["equity_usd"] = counted - debt
    table["debt_limit"] = p.limit_over_leverage * debt / np.maximum(counted - debt, 1e-9)


def make_books(
    p: CrossMarginFundParameters,
    floor: Floor,
    table: Records,
    legs: Records,
    rng: np.random.Generator,
    most_leverage: float,
) -> None:
    """Draw books of perpetuals: long positions in some coins, and against them short ones in the hedges."""
    n = len(table)
    hedges = floor.perpetuals[: p.hedges]
    others = floor.perpetuals[p.hedges :]
    if len(others) == 0:
        hedges, others = floor.perpetuals[:0], floor.perpetuals
    each = min(p.coins, len(others))
    size = np.exp(SIZE_SPREAD * rng.standard_normal(n))
    usd = np.zeros((n, floor.instruments))
    for row in range(n):
        usd[row, rng.choice(others, each, replace=False)] = size[row] / each
    held = usd.sum(axis=0)
    usd *= np.divide(p.long_over_depth * floor.depth, held, out=np.zeros_like(held), where=held > 0.0)
    table["hedged"] = (rng.random(n) < p.hedged_share) & (len(hedges) > 0)
    table["rehedges"] = rng.random(n) < p.rehedge_share
    table["deep_first"] = rng.random(n) < p.deep_first_share
    if len(hedges):
        short = p.hedge_ratio * np.where(table["hedged"] != 0, usd.sum(axis=1), 0.0)
        usd[:, hedges] = -short[:, None] * floor.depth[hedges] / floor.depth[hedges].sum()
    gross = np.abs(usd).sum(axis=1)
    table["most_usd"] = table["gross_usd"] = gross
    leverage = p.leverage * np.exp(p.leverage_spread * rng.standard_normal(n))
    table["leverage"] = np.minimum(leverage, most_leverage)
    table["limit"] = p.limit_over_leverage * table["leverage"]
    table["equity_usd"] = gross / table["leverage"]
    legs["weight"] = usd / np.maximum(gross, 1e-9)[:, None]
    legs["book"] = usd / (floor.price * floor.exchange.table["lot"])
    own = np.clip(np.ceil(table["limit"]) + 1, 1, 125)
    floor.exchange.ledger.leverage[:, table["account"]] = own


def post_coins(p: CrossMarginFundParameters, floor: Floor, table: Records, rng: np.random.Generator) -> None:
    """Back the funds' equity with cash and accepted coins, the deeper their books the more."""
    share = floor.exchange.collateral.share
    coins = np.flatnonzero(share > 0.0)
    in_cash = p.cash_share if len(coins) else 1.0
    cash = in_cash * table["equity_usd"]
    floor.exchange.ledger.deposit(table["account"], (cash * MILLION).astype(np.int64))
    if len(coins):
        parts = rng.dirichlet(4.0 * floor.depth[coins] / floor.depth[coins].mean(), len(table))
        for k, coin in enumerate(coins):
            usd = (table["equity_usd"] - cash) * parts[:, k] / share[coin]
            grant_spot(floor, table["account"], np.full(len(table), coin), usd)


def shore_up(stage: Stage, funds: CrossMarginFunds) -> None:
    """Give funds that would start too close to their maintenance margin more cash, hence less leverage."""
    p = stage.scenario.cross_margin_fund
    hub = stage.hub
    ledger, table = hub.exchange.ledger, funds.table
    tiers = hub.venue.tiers(ledger.instruments, stage.asset_names)
    needed = cross_columns(ledger, hub.exchange.pricing.mark_ticks, tiers)[1, table["account"]] / 1e6
    short = np.maximum(0.0, p.least_margin * needed - table["equity_usd"])
    ledger.deposit(table["account"], (short * MILLION).astype(np.int64))
    table["equity_usd"] += short
    book = table["gross_usd"] > 0.0
    table["leverage"][book] = table["gross_usd"][book] / table["equity_usd"][book]
    table["limit"] = p.limit_over_leverage * table["leverage"]


def shared_out(rng: np.random.Generator, coin: npt.NDArray[np.int64], total: Floats) -> Floats:
    """Return random sizes, scaled so that those of each coin sum to its entry of ``total``."""
    size = np.exp(SIZE_SPREAD * rng.standard_normal(len(coin)))
    return np.asarray(size / np.bincount(coin, size, len(total))[coin] * total[coin], np.float64)


def opening_fills(
    funds: CrossMarginFunds, floor: Floor, desks: dict[int, npt.NDArray[np.int32]], rng: np.random.Generator
) -> Records:
    """Return fills at the first prices that give the funds their books, each leg against a random desk.

    Parameters
    ----------
    desks
        Accounts on the other side, for each perpetual.
    """
    rows, instruments = np.nonzero(funds.legs["book"])
    fills = fill_table(len(rows))
    book = funds.legs["book"][rows, instruments]
    fills["taker"] = funds.table["account"][rows]
    fills["maker"] = [rng.choice(desks[int(i)]) for i in instruments]
    fills["instrument"] = instruments
    ticks = np.rint(floor.price / floor.exchange.table["tick"]).astype(np.int64)
    fills["price"], fills["lots"] = np.maximum(1, ticks)[instruments], np.abs(book)
    fills["side"] = np.where(book > 0, BUY, SELL)
    return fills
