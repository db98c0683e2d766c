"""Results do not depend on the order in which agents were created.

Crowds decide on what was published before the step and draw from streams of their own, so the order of whole
kinds changes no byte. Within a kind the order decides who stands first where two are equal (in queues, in a
liquidation sweep), and which draws are whose: there results agree as distributions.
"""

import numpy as np
import pytest
from run_bytes import run_bytes
from step_lengths import price_measures

from agents.trader import Trader
from experiments.build import build
from experiments.building import retail, stage

INSTITUTIONS = {"institution.institutions": 8, "index_investor.investors": 12, "cross_margin_fund.funds": 4}
EDGE = {"name": "edge", "depth_share": 0.5, "retail_share": 0.5, "latency_ms": 5.0, "rate_limit_per_s": 0.5}
CALM = {"news": [], "retail.in_position": 0.0, "retail.traders": 60}


def outcome(model):
    """Digest of all series of the run, and how long each table of events is: those name accounts."""
    model.run(until_s=150.0)
    trace = model.trace()
    return run_bytes(trace, len(trace.time_s)), {name: len(table) for name, table in trace.events.items()}


@pytest.mark.parametrize("more", [{}, {"venues": [{"name": "hub"}, EDGE]}], ids=["one venue", "two venues"])
def test_the_order_of_kinds_changes_no_byte(small, more):
    found = []
    for order in (1, -1):
        model = build(small(INSTITUTIONS | more), 1, views=False)
        model.crowds = model.crowds[::order]
        found.append(outcome(model))
    assert found[0] == found[1]
    assert found[0][1]["liquidations"] > 0


class Buyer(Trader):
    """Buys a little once, at the market, `after_s` seconds into the run."""

    def __init__(self, model, after_s):
        super().__init__(model, deposit_usd=1e5)
        self.after_s = after_s

    def step(self):
        now_s = self.model.clock.now_s
        if now_s - self.model.clock.step_s < self.after_s <= now_s:
            self.buy("BTC-PERP", 0.5 + 0.1 * self.after_s)


def test_the_order_of_single_agents_changes_no_byte_where_they_do_not_meet(small):
    found, cash = [], []
    for order in (1, -1):
        model = build(small(), 1, views=False)
        buyers = [Buyer(model, after_s) for after_s in (20.0, 30.0, 40.0)[::order]]
        found.append(outcome(model))
        cash.append([buyer.cash_usd for buyer in buyers][::order])
    assert found[0] == found[1]
    assert cash[0] == cash[1]
    assert len(set(cash[0])) == 3


def backwards(monkeypatch):
    """Hand out accounts from the last to the first in every crowd that is built from now on."""
    take = stage.Accounts.take
    monkeypatch.setattr(stage.Accounts, "take", lambda self, count: take(self, count)[::-1].copy())


def test_the_order_of_accounts_changes_no_byte_where_nobody_is_liquidated(small, monkeypatch):
    found = [outcome(build(small(CALM), 1, views=False))]
    backwards(monkeypatch)
    found.append(outcome(build(small(CALM), 1, views=False)))
    assert found[0] == found[1]


def sorted_by_wealth(monkeypatch, sign):
    """Create retail from the poorest to the richest (``sign`` 1) or the other way (-1) from now on."""
    make = retail.retail_of

    def ordered(place, floor, *more):
        crowd = make(place, floor, *more)
        accounts = crowd.table["account"].copy()
        order = np.argsort(sign * crowd.table["wealth_usd"], kind="stable")
        crowd.table[:] = crowd.table[order]
        crowd.table["account"] = accounts
        ledger = floor.exchange.ledger
        for column in (ledger.cash, ledger.leverage, ledger.isolated):
            column[:, accounts] = column[:, accounts[order]]
        return crowd

    monkeypatch.setattr(retail, "retail_of", ordered)


def measured(scenario, seed):
    model = build(scenario, seed, views=False)
    model.run()
    trace = model.trace()
    closed = trace.events["liquidations"].drop_duplicates(["account", "instrument"])
    return price_measures(trace, 60.0, 10.0) | {
        "liquidated": len(closed),
        "deleveraged": trace.events["adl"]["account"].nunique(),
        "mood": trace.world["sentiment"].mean(),
    }


def apart(one, other):
    """What differs by more than three standard errors of the mean difference of runs with the same seed."""
    found = []
    for name in one[0]:
        gap = np.array([b[name] - a[name] for a, b in zip(one, other, strict=True)])
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        print(f"{name}: {gap.mean():.3g} +- {error:.2g}")
        if abs(gap.mean()) > 3.0 * error:
            found.append(name)
    return found


@pytest.mark.parametrize("seeds", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_a_crash_is_the_same_in_distribution_whether_the_rich_came_first_or_last(small, monkeypatch, seeds):
    samples = []
    for sign in (1, -1):
        with monkeypatch.context() as patched:
            sorted_by_wealth(patched, sign)
            samples.append([measured(small(), seed) for seed in range(seeds)])
    assert samples[0] != samples[1]
    assert apart(*samples) == []


def test_the_comparison_can_fail():
    one = [{"fall": 0.1 + 0.01 * k, "mood": 0.1 * (k % 2)} for k in range(20)]
    other = [
        {"fall": item["fall"] + 0.002 * (1 + k % 3), "mood": 0.1 - item["mood"]} for k, item in enumerate(one)
    ]
    assert apart(one, other) == ["fall"]
