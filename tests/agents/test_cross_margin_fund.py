"""Cross-margin funds: the venue's price of their coins decides, hedges are kept even, money is conserved."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.invariants import check
from abm.ledger.valuation import account_equity, cross_columns
from abm.model import MarketModel
from agents.cross_margin_fund import CrossMarginFund, CrossMarginFunds
from agents.trader import Trader
from experiments.build import build
from experiments.scenarios import load
from experiments.scenarios.schema import Scenario

FUNDS = str(Path(__file__).parents[1] / "funds.toml")
UNTIL_S = 300.0
PASSIVE = {"cross_margin_fund.limit_over_leverage": 100.0}
"""Funds that never shed positions of their own will: only the venue closes them."""


class Seller(Trader):
    """Sells a coin at an even pace, whatever it fetches."""

    def __init__(
        self, model: MarketModel, coin: str, lots_per_step: int, start_s: float, end_s: float
    ) -> None:
        super().__init__(model, 0.0)
        self.coin, self.lots_per_step, self.start_s, self.end_s = coin, lots_per_step, start_s, end_s
        lots = int(lots_per_step * (end_s - start_s))
        self.exchange.ledger.issue(self.exchange.index_of(coin), self.account, lots)

    def step(self) -> None:
        if self.start_s <= self.model.clock.now_s <= self.end_s:
            self.sell(self.coin, self.lots_per_step)


class DeepBids(Trader):
    """Bids for a coin far below its value, so that a sale has somebody to sell to."""

    def __init__(self, model: MarketModel, coin: str, prices: tuple[float, ...], quantity: float) -> None:
        super().__init__(model, 1e7)
        self.coin, self.prices, self.quantity = coin, prices, quantity

    def step(self) -> None:
        for price in self.prices:
            self.buy(self.coin, self.quantity, price)
        self.prices = ()


def market(seed: int = 1, **changes: Any) -> MarketModel:
    return build(load(FUNDS, changes), seed, views=False)


def funds_of(model: MarketModel) -> CrossMarginFunds:
    return next(item for item in model.crowds if isinstance(item, CrossMarginFunds))


def sold(price: str, seed: int = 1, **changes: Any) -> MarketModel:
    """Return the market before a large sale of the synthetic dollar into bids far below its value."""
    model = market(seed, venues=[venue(price)], **changes)
    DeepBids(model, "USDE-SPOT", (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45), 150_000)
    Seller(model, "USDE-SPOT", 20_000, 20.0, 290.0)
    return model


def venue(price: str) -> dict[str, Any]:
    return {"name": "hub", "collateral": {"USDE": 0.95}, "collateral_price": price}


def liquidated_funds(model: MarketModel) -> set[int]:
    closed = model.event_tables()["liquidations"]
    return set(closed["account"]) & set(funds_of(model).table["account"].tolist())


def held_usd(model: MarketModel) -> np.ndarray:
    """Return the perpetual positions of all funds, USD, ``(perpetuals, funds)``."""
    hub = model.hub
    rows = hub.perpetuals()
    held = hub.ledger.position[np.ix_(rows, funds_of(model).table["account"])]
    return np.asarray(held * (hub.table["lot"] * hub.view["mid"])[rows][:, None])


def test_books_are_hedged_and_backed_by_cash_and_coins_at_the_leverage_asked_for() -> None:
    model = market()
    funds, hub = funds_of(model), model.hub
    table = funds.table
    loopers = table["most_usd"] == 0.0
    assert loopers.sum() == 6
    usd = held_usd(model)
    long, short = usd.clip(0).sum(axis=0), -usd.clip(None, 0).sum(axis=0)
    assert long.sum() == pytest.approx(40 * 6e5, rel=1e-3)
    hedged = table["hedged"] != 0
    assert short[hedged] == pytest.approx(long[hedged], rel=2e-3)
    assert (short[~hedged] == 0).all()
    model.step()
    columns = cross_columns(
        hub.ledger, hub.pricing.mark_ticks, hub.risk.engine.tiers, hub.risk.engine.backing
    )[:, table["account"]]
    np.testing.assert_allclose(columns[0] / 1e6, table["equity_usd"], rtol=5e-3)
    assert (columns[0] > columns[1]).all()
    assert ((long + short) / table["equity_usd"])[~loopers] == pytest.approx(
        table["leverage"][~loopers], rel=5e-3
    )
    assert (hub.ledger.cash[0, table["account"][loopers]] < 0).all()
    assert not hub.ledger.isolated[:, table["account"]].any()


def test_a_depeg_on_the_own_book_liquidates_funds_whose_positions_have_not_moved() -> None:
    model = sold("book", **PASSIVE)
    marks = model.hub.pricing.mark_ticks.copy()
    before = funds_of(model).table["equity_usd"].copy()
    while model.clock.now_s < UNTIL_S:
        model.step()
        check(model.hub.ledger)
        closed = model.event_tables()["liquidations"]
        if closed["instrument"].str.endswith("PERP").any():
            break
    perpetuals = model.hub.perpetuals()
    moved = model.hub.pricing.mark_ticks[perpetuals] / marks[perpetuals] - 1.0
    assert np.abs(moved).max() < 0.01
    assert model.price("USDE-SPOT") < 0.95
    assert len(liquidated_funds(model)) >= 1
    assert (funds_of(model).table["equity_usd"] < before).mean() > 0.9
    model.run(UNTIL_S)
    assert len(liquidated_funds(model)) >= 5


def test_the_same_sale_liquidates_nobody_when_an_oracle_prices_the_coin() -> None:
    model = sold("oracle", **PASSIVE)
    model.run(UNTIL_S)
    assert model.price("USDE-SPOT") < 0.9
    assert len(model.event_tables()["liquidations"]) == 0


def test_funds_shed_positions_at_their_own_limit_before_the_venue_does() -> None:
    left = {}
    for limit in (100.0, 1.1):
        changes = {"limit_over_leverage": limit, "looper_share": 0.0, "clip_over_depth": 1.0}
        changes |= {"rate_per_hour": 3600.0, "cut_s": 10.0}
        model = sold("book", **{f"cross_margin_fund.{key}": value for key, value in changes.items()})
        before = np.abs(held_usd(model)).sum()
        model.run(100.0)
        assert len(model.event_tables()["liquidations"]) == 0
        left[limit] = np.abs(held_usd(model)).sum() / before
    assert left[100.0] > 0.99
    assert left[1.1] < left[100.0] - 0.01


def test_loopers_turn_a_small_sale_into_a_deep_fall() -> None:
    low = {}
    for loops in (0.0, 15.0):
        changes = {"loop_leverage": 10.0, "loops_over_depth": loops}
        named = {f"cross_margin_fund.{key}": value for key, value in changes.items()}
        model = market(venues=[venue("book")], **named)
        DeepBids(model, "USDE-SPOT", tuple(0.95 - 0.025 * k for k in range(18)), 50_000)
        Seller(model, "USDE-SPOT", 6_000, 20.0, 120.0)
        model.run(600.0)
        row = model.instrument_names.index("USDE-SPOT")
        low[loops] = model.trace().by_instrument["last"][:, row].min()
    assert low[0.0] > 0.7
    assert low[15.0] < low[0.0] - 0.1


@pytest.mark.parametrize("rehedges", [0, 1])
def test_a_fund_that_loses_one_leg_trades_the_other(rehedges: int) -> None:
    model = market()
    model.run(10.0)
    funds, ledger = funds_of(model), model.hub.ledger
    funds.table["rehedges"] = rehedges
    row = int(np.flatnonzero(funds.table["hedged"])[0])
    account = int(funds.table["account"][row])
    other = next(a for a in range(FIRST_TRADER, ledger.accounts) if ledger.position[0, a] > 0)
    before = held_usd(model)[:, row].copy()
    for i in (0, 1):
        lots = int(-ledger.position[i, account])
        ledger.position_transfer(i, other, account, lots, int(model.hub.pricing.mark_ticks[i]))
    assert (held_usd(model)[:2, row] == 0).all()
    model.run(600.0)
    after = held_usd(model)[:, row]
    naked = abs(after.sum()) / before[2]
    assert naked < funds.parameters.uneven_limit + 0.05
    if rehedges:
        assert after[2] > 0.9 * before[2]
        assert after[:2].sum() < -0.75 * before[2]
    else:
        assert after[2] < 0.2 * before[2]
    check(ledger)


def test_forced_closing_of_the_whole_book_is_not_undone_at_once() -> None:
    model = market(**{"cross_margin_fund.rebalance_per_hour": 0.0})
    model.run(10.0)
    funds, ledger = funds_of(model), model.hub.ledger
    row = int(np.flatnonzero(funds.table["hedged"])[0])
    account = int(funds.table["account"][row])
    for i in range(3):
        lots = int(ledger.position[i, account])
        sign = 1 if lots > 0 else -1
        other = next(a for a in range(FIRST_TRADER, ledger.accounts) if ledger.position[i, a] * sign < 0)
        seller, buyer = (account, other) if lots > 0 else (other, account)
        ledger.position_transfer(i, seller, buyer, abs(lots) // 2, int(model.hub.pricing.mark_ticks[i]))
    half = np.abs(held_usd(model)[:, row]).sum()
    model.run(300.0)
    assert np.abs(held_usd(model)[:, row]).sum() == pytest.approx(half, rel=0.05)
    assert funds.table["scale"][row] == pytest.approx(0.5, abs=0.03)


def test_debts_are_repaid_out_of_coins_and_nothing_is_sold_without_debt() -> None:
    quiet = {"cross_margin_fund.looper_share": 0.0, "cross_margin_fund.cash_share": 0.5}
    model = market(**PASSIVE | quiet)
    model.run(30.0)
    funds, ledger = funds_of(model), model.hub.ledger
    accounts = funds.table["account"]
    coins = [model.hub.index_of("USDE-SPOT"), model.hub.index_of("STETH-SPOT")]
    held = ledger.position[np.ix_(coins, accounts)].copy()
    model.run(120.0)
    assert (ledger.position[np.ix_(coins, accounts)] == held).all()
    row = int(np.argmax(funds.table["equity_usd"]))
    account = int(accounts[row])
    ledger.withdraw(account, int(ledger.cash[0, account]) + 5_000_000_000)
    model.run(600.0)
    change = ledger.position[np.ix_(coins, accounts)] - held
    assert change[:, row].min() < 0
    assert not np.delete(change, row, axis=1).any()
    assert -1_000_000_000 < ledger.cash[0, account] < 5_000_000_000


def test_the_sale_is_the_same_in_every_run_and_conserves_money() -> None:
    tables = []
    for _ in range(2):
        model = sold("book")
        for _ in range(150):
            model.step()
            check(model.hub.ledger)
            assert account_equity(model.hub.ledger, model.hub.pricing.mark_ticks).sum() == 0
        tables.append((model.trace().by_instrument["last"], funds_of(model).table.copy()))
    np.testing.assert_array_equal(tables[0][0], tables[1][0])
    assert (tables[0][1] == tables[1][1]).all()


def test_funds_are_mesa_agents() -> None:
    model = build(load(FUNDS), 1, views=True)
    agents = model.agents_by_type[CrossMarginFund]
    assert len(agents) == 20
    assert agents.agg("most_usd", sum) == pytest.approx(float(funds_of(model).table["most_usd"].sum()))
    assert {agent.kind for agent in agents} == {"cross_margin_fund"}


def test_without_funds_nothing_is_there() -> None:
    model = market(**{"cross_margin_fund.funds": 0})
    model.run(5.0)
    assert len(funds_of(model).table) == 0


@pytest.mark.parametrize(
    ("place", "field", "value", "said"),
    [
        (0, "perpetual", False, "assets.BTC: perpetual is false"),
        (4, "follows", "ETHER", "assets.STETH.follows: unknown name 'ETHER'; did you mean ETH"),
        (3, "follows", "STETH", "assets.USDE.follows: unknown name 'STETH'"),
    ],
)
def test_coins_redeemed_for_nothing_are_refused(place: int, field: str, value: object, said: str) -> None:
    scenario = tomllib.loads(Path(FUNDS).read_text())
    scenario["assets"][place][field] = value
    with pytest.raises(ValueError, match=said):
        Scenario.model_validate(scenario)
