"""Index investors buy at their dates, rebalance, and spend dry powder after a deep fall."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from abm.book.messages import BUY, SELL
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.invariants import broken_invariants
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.outbox import Outbox
from agents.index_investor import (
    AVERAGING,
    CALENDAR,
    THRESHOLD,
    IndexInvestorParameters,
    IndexInvestors,
    index_dtype,
)
from experiments.build import build

MILLION = 1_000_000
PRICES = np.array([100.0, 10.0])
WEIGHT = np.array([0.6, 0.4])


class Basket:
    """One investor with 600 USD of one coin, 400 USD of another, and cash; nothing is filled."""

    def __init__(self, rule: int, cash_usd: int, powder_usd: float = 0.0, **parameters: float) -> None:
        coins = [Instrument(name, name, "spot", 0.01, 0.001) for name in ("ONE", "TWO")]
        self.ledger = Ledger(instrument_table(coins, ["ONE", "TWO"]), FIRST_TRADER + 1)
        self.ledger.issue(0, FIRST_TRADER, 6000)
        self.ledger.issue(1, FIRST_TRADER, 40_000)
        self.ledger.deposit(FIRST_TRADER, cash_usd * MILLION)
        table = for_kernels(np.zeros(1, index_dtype))
        table["account"], table["rule"] = FIRST_TRADER, rule
        table["saves_usd"], table["clip_usd"] = 50.0, 1e9
        self.crowd = IndexInvestors(
            IndexInvestorParameters(investors=1, **parameters),
            table, WEIGHT, np.array([powder_usd * WEIGHT]), PRICES, seed=1,
        )  # fmt: skip
        self.view = market_view(PRICES, np.full(2, 1e-4))
        self.outbox = Outbox()
        self.hour, self.steps = 0.0, 0

    def orders(self, *prices: float, hours: float = 1) -> np.ndarray:
        """Show prices, let some hours pass in one step, and return the orders."""
        self.view["mid"] = self.view["screen"] = prices or PRICES
        sight: Any = SimpleNamespace(
            view=self.view, instruments=for_kernels(self.ledger.instruments), ledger=self.ledger,
            outbox=self.outbox, start_ns=round(self.hour * 3.6e12), step_ns=round(hours * 3.6e12),
            index=self.steps,
        )  # fmt: skip
        self.crowd.decide(sight)
        self.hour += hours
        self.steps += 1
        return self.outbox.take()


def test_who_averages_buys_for_new_money_at_each_date():
    basket = Basket(AVERAGING, 0, every_hours=24.0)
    assert len(basket.orders(hours=23)) == 0
    orders = basket.orders()
    assert (orders["side"] == BUY).all()
    assert orders["lots"] * 0.001 * PRICES == pytest.approx(50.0 * WEIGHT, rel=0.02)
    assert basket.ledger.cash[0, FIRST_TRADER] == 50 * MILLION
    assert broken_invariants(basket.ledger) == []


@pytest.mark.parametrize(("prices", "side"), [((120.0, 12.0), SELL), ((80.0, 8.0), BUY)])
def test_who_rebalances_by_date_sells_what_rose_and_buys_what_fell(prices, side):
    basket = Basket(CALENDAR, 1000, every_hours=24.0, coin_share=0.5)
    assert len(basket.orders(*prices, hours=23)) == 0
    orders = basket.orders(*prices)
    assert (orders["side"] == side).all()
    assert orders["lots"] * 0.001 * np.array(prices) == pytest.approx(100.0 * WEIGHT, rel=0.01)


@pytest.mark.parametrize(("price", "trades"), [(0.95, 0), (0.7, 2)])
def test_who_has_a_threshold_trades_beyond_it_only(price, trades):
    basket = Basket(THRESHOLD, 1000, coin_share=0.5, threshold=0.05, looks_per_hour=60.0)
    assert len(basket.orders(*(price * PRICES))) == trades


def test_dry_powder_is_spent_once_on_the_coin_that_fell_deeply():
    basket = Basket(AVERAGING, 200, 200.0, every_hours=1e5, powder_fall=0.3, powder_per_hour=60.0)
    assert len(basket.orders(71.0, 10.0)) == 0
    orders = basket.orders(69.0, 10.0)
    assert orders["instrument"].tolist() == [0]
    assert orders["lots"][0] * 0.001 * 69.0 == pytest.approx(120.0, rel=0.01)
    basket.ledger.position[0, FIRST_TRADER] += orders["lots"][0]
    assert len(basket.orders(60.0, 10.0)) == 0


@pytest.mark.parametrize("step_s", [0.5, 5.0, 50.0])
def test_orders_are_worked_at_their_pace_at_any_step(step_s):
    basket = Basket(AVERAGING, 1000, every_hours=1.0)
    basket.orders(hours=0.99999)
    basket.crowd.table["clip_usd"] = 1.0  # 6 lots of one coin in a minute, 40 of the other
    lots = np.zeros(2)
    for _ in range(round(1000.0 / step_s)):
        for order in basket.orders(hours=step_s / 3600.0):
            lots[order["instrument"]] += order["lots"]
    expected = WEIGHT / (0.001 * PRICES) * 1000.0 / 60.0
    steps = 1000.0 / step_s
    assert (np.abs(lots - expected) < 3.0 * np.sqrt(0.25 * steps)).all()
    assert (lots > 0).all()


def test_index_investors_join_a_scenario_and_conserve_its_money(small):
    changes = {
        "index_investor.investors": 20,
        "index_investor.every_hours": 0.02,
        "index_investor.saving_share": 0.02,
    }
    model = build(small(changes), 1)
    (crowd,) = [item for item in model.crowds if item.kind == "index_investor"]
    rows = crowd.table["account"]
    before = model.hub.ledger.position[:, rows].copy()
    model.run(60.0)
    assert (model.hub.ledger.position[:, rows] != before).any()
    assert broken_invariants(model.hub.ledger) == []
    assert {agent.rule for agent in model.agents if getattr(agent, "kind", "") == "index_investor"} == {
        "averaging",
        "calendar",
        "threshold",
    }


def test_without_index_investors_there_is_no_such_crowd(small):
    assert all(crowd.kind != "index_investor" for crowd in build(small(), 1, views=False).crowds)
