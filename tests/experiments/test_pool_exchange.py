"""A hub with books and an exchange that is a pool, in one market."""

import numpy as np
import pytest

from abm.ledger.accounts import FIRST_TRADER, INSURANCE_FUND
from abm.ledger.invariants import check
from experiments.build import build

POOL = {
    "name": "pool",
    "preset": "gmx-v2",
    "spot": False,
    "index_from": ["hub"],
    "retail_share": 1.0,
    "depth_share": 0.5,
    "latency_ms": 2000.0,
}
TWO = {"venues": [{"name": "hub"}, POOL], "retail.traders": 200}


def equity_usd(exchange):
    """Return what the pool is worth at the marks."""
    ledger, perpetual = exchange.ledger, exchange.perpetuals()
    value = (exchange.pricing.mark_ticks * exchange.table["tick_lot_value"])[perpetual]
    held = ledger.position[perpetual, INSURANCE_FUND] * value
    profit = held - ledger.entry_value[perpetual, INSURANCE_FUND]
    return float(ledger.cash[0, INSURANCE_FUND] + profit.sum()) / 1e6


@pytest.fixture(scope="module")
def finished(small):
    """Return the small market with a pool after five minutes, and what its pool was worth in each step."""
    model = build(small(TWO), 1, views=False)
    exchange = model.exchange("pool")
    pool, worth = exchange.pool, []
    while not model.clock.finished:
        model.step()
        for item in model.exchanges:
            check(item.ledger)
        worth.append(equity_usd(exchange))
        state = pool.state(exchange.ledger, exchange.view["mark"])
        assert (np.abs(exchange.view["mark"] - exchange.view["index"]) == 0.0).all()
        assert state.long_short.sum() > 0
    return model, np.array(worth)


def test_a_crowd_trades_with_the_pool(finished):
    model, worth = finished
    trace = model.trace()
    perpetual = [n for n, name in enumerate(trace.instruments) if name.endswith("PERP@pool")]
    assert len(perpetual) == 3
    assert (trace.by_instrument["volume"][:, perpetual].sum(axis=0) > 0.0).all()
    closed = trace.events["liquidations"]
    closed = closed[closed.instrument.str.endswith("@pool")]
    assert len(closed) >= 5
    assert set(closed.how) == {"against the pool"}
    assert worth.min() > 0.0
    # the crowd is long and the market falls: what it loses is the pool's
    assert worth[-1] > worth[0]


def test_liquidations_are_at_the_oracle(finished):
    model, _ = finished
    trace = model.trace()
    closed = trace.events["liquidations"]
    closed = closed[closed.instrument.str.endswith("@pool")]
    for instrument in closed.instrument.unique():
        rows = closed[closed.instrument == instrument]
        oracle = trace.by_instrument["index"][:, trace.instruments.index(instrument)]
        then = oracle[np.searchsorted(trace.time_s, rows.time_s.to_numpy())]
        tick = model.exchange("pool").table["tick"][0]
        assert np.abs(rows.notional_usd / rows.notional_usd).sum() == len(rows)
        assert rows.price_usd.to_numpy() == pytest.approx(then, abs=tick)


def test_nobody_else_rests_on_a_pool(finished):
    model, _ = finished
    exchange = model.exchange("pool")
    exchange.books.cancel_accounts(np.arange(exchange.ledger.accounts) == INSURANCE_FUND)
    for i in exchange.perpetuals().tolist():
        assert exchange.books.best_bid(i) is None
        assert exchange.books.best_ask(i) is None


def test_who_is_on_a_pool(small):
    model = build(small(TWO), 1, views=False)
    for kind in ("noise_trader", "fundamentalist"):
        assert [crowd.exchange for crowd in model.crowds if crowd.kind == kind] == [0]
    exchange = model.exchange("pool")
    held = np.maximum(exchange.ledger.position[:, FIRST_TRADER:], 0).sum(axis=1)
    usd = float((held * exchange.table["lot"] * exchange.view["mark"]).sum())
    assert exchange.ledger.cash[0, INSURANCE_FUND] / 1e6 == pytest.approx(2.5 * usd, rel=0.02)
    model.run(60.0)
    assert model.recorder.world["insurance_fund"][0] < exchange.ledger.cash[0, INSURANCE_FUND] / 1e6
    makers = next(crowd for crowd in model.crowds if crowd.kind == "market_maker")
    assert model.exchange("pool").ledger.position[:, makers.accounts[1]].any() == 0
    assert makers.quotes[1].size == 0
    assert {exchange for _, _, exchange, _, _ in makers.withdrawals} <= {0}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_deleveraging_keeps_a_pool_with_little_money_out_of_debt(small, seed):
    poor = POOL | {"pool_capital_over_open_interest": 0.03}
    rise = {"name": "rise", "time_s": 60, "duration_s": 10, "size": 0.5}
    scenario = small(TWO | {"venues": [{"name": "hub"}, poor], "news": [rise]})
    least = {}
    for twin in ("baseline", "adl"):
        model = build(scenario, seed, twin, views=False)
        exchange, worth = model.exchange("pool"), []
        while not model.clock.finished:
            model.step()
            check(exchange.ledger)
            worth.append(equity_usd(exchange))
        least[twin] = min(worth)
        deleveraged = model.trace().events["adl"].instrument.astype(str).str.endswith("@pool")
        assert deleveraged.any() == (twin == "baseline")
    assert least["baseline"] >= 0.0
    assert least["adl"] < 0.0


def test_a_pool_has_no_spot_pairs(small):
    with pytest.raises(ValueError, match=r"venues.pool: spot is true; gmx-v2 is a pool without spot pairs"):
        small({"venues": [{"name": "hub"}, POOL | {"spot": True}]})
