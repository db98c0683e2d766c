"""Each habit of retail, turned on alone, moves what it should in the direction that its page says."""

import math

import numpy as np
import pytest
from retail_crowd import LOT, MILLION, PRICE_USD, TICK, RetailAlone

from abm.book.messages import BUY, CANCEL, REDUCE_ONLY, SELL
from abm.information.tiers import Readers, Tier, Told
from abm.ledger.invariants import broken_invariants
from abm.measures.round_numbers import clustering
from abm.rules.kelly import kelly_exposure, kelly_share
from agents.retail.entry import momentum
from agents.retail.exits import round_number
from agents.retail.state import CLOSING, MARGIN_USED
from experiments.build import build

UNBIASED = {"long_share": 0.5, "momentum_weight": 0.0, "sentiment_weight": 0.0, "hold_hours": 1.0}
N = 2000


def share_of_buys(market: RetailAlone) -> tuple[float, float, int]:
    """Return the share of buys among entries of an hour, its standard error and their number."""
    sides = market.step(3600.0)["side"]
    share = float((sides == BUY).mean())
    return share, math.sqrt(max(share * (1.0 - share), 1e-4) / len(sides)), len(sides)


@pytest.mark.parametrize(("move", "weight"), [(0.02, 0.8), (-0.02, 0.8), (-0.02, 0.0)])
def test_momentum_sets_the_side_of_entries(move, weight):
    market = RetailAlone(N, parameters=UNBIASED | {"momentum_weight": weight})
    market.view["momentum_slow"] = move
    share, error, _ = share_of_buys(market)
    expected = 0.5 + 0.5 * math.tanh(weight * math.tanh(move / 0.01))
    assert abs(share - expected) < 3.0 * error


@pytest.mark.parametrize(("mood", "weight"), [(1.0, 0.8), (-1.0, 0.8), (-1.0, 0.0)])
def test_sentiment_sets_the_side_of_entries(mood, weight):
    market = RetailAlone(N, parameters=UNBIASED | {"sentiment_weight": weight})
    market.sentiment[:] = mood
    share, error, _ = share_of_buys(market)
    assert abs(share - (0.5 + 0.5 * math.tanh(weight * mood))) < 3.0 * error


def test_strong_signals_bring_more_entries():
    calm, moved = (RetailAlone(N, parameters=UNBIASED | {"momentum_weight": 0.8}) for _ in range(2))
    moved.view["momentum_slow"] = 0.02
    assert share_of_buys(moved)[2] > 1.1 * share_of_buys(calm)[2]


def test_recency_weighs_the_latest_move_more():
    fast, slow = math.sqrt(24.0), 1.0  # standard deviations of four hours in those of ten minutes
    for recency, mixed in (
        (0.0, -0.003 * slow),
        (0.5, 0.5 * 0.001 * fast - 0.25 * 0.003),
        (1.0, 0.001 * fast),
    ):
        market = RetailAlone(parameters={"recency": recency})
        market.view["momentum"], market.view["momentum_slow"] = 0.001, -0.003
        record, seen = market.crowd._record[0], market.view[0]
        got = momentum(record, seen, float(np.log(PRICE_USD)))
        assert got == pytest.approx(math.tanh(mixed / 0.01))
    market = RetailAlone(N, parameters=UNBIASED | {"momentum_weight": 0.8, "recency": 1.0})
    market.view["momentum"], market.view["momentum_slow"] = 0.005, -0.02
    assert share_of_buys(market)[0] > 0.7


def test_news_pulls_once_it_is_read():
    told = Told(7200.0, 0.0, np.array([-0.05]), Tier(delay_s=1800.0))
    market = RetailAlone(N, parameters=UNBIASED | {"news_weight": 1.0}, readers=Readers((told,), 1, 1, "r"))
    before, error, _ = share_of_buys(market)
    assert abs(before - 0.5) < 3.0 * error
    market.start_ns = 2 * 3_600_000_000_000
    market.table["working"] = 0
    share, error, _ = share_of_buys(market)
    assert abs(share - (0.5 + 0.5 * math.tanh(math.tanh(-0.05 / 0.02)))) < 3.0 * error


def goals(**parameters: object) -> np.ndarray:
    """Return the notional over wealth of the entries of an hour, at a volatility of 2.94 % a day."""
    market = RetailAlone(N, parameters=UNBIASED | {"momentum_weight": 0.3, **parameters})
    market.view["momentum_slow"] = 0.05
    market.step(3600.0)
    goal = market.table["goal"]
    return np.abs(goal[goal != 0]) * LOT * PRICE_USD / 1000.0


def test_sizes_follow_kelly_times_overconfidence_up_to_the_leverage():
    assert goals() == pytest.approx(MARGIN_USED * 10, rel=1e-3)
    conviction = math.tanh(0.3 * math.tanh(5.0))
    best = float(kelly_exposure(0.01 * conviction, 1e-4 * math.sqrt(86400.0)))
    for multiple in (0.5, 1.0, 2.0):
        sizes = goals(sizing="kelly", overconfidence=multiple)
        assert sizes == pytest.approx(multiple * best, rel=1e-2)
    assert goals(sizing="kelly", overconfidence=100.0) == pytest.approx(MARGIN_USED * 10, rel=1e-3)


def test_sizes_follow_the_kelly_bet_at_the_stop_loss():
    odds = 0.08 / 0.05
    chance = 1.0 / (1.0 + odds) + 0.1 * math.tanh(0.3 * math.tanh(5.0))
    exposure = float(kelly_share(chance, odds)) / 0.05
    assert 0.0 < exposure < 4.0
    for multiple in (1.0, 2.0):
        assert goals(sizing="kelly-bet", overconfidence=multiple) == pytest.approx(
            multiple * exposure, rel=1e-2
        )


@pytest.mark.parametrize("disposition", [1.0, 2.0])
def test_disposition_shows_in_what_is_realised_over_what_is_held(disposition):
    market = RetailAlone(N, 5.0, {"hold_hours": 40.0, "panic_per_hour": 0.0, "disposition": disposition})
    value = market.ledger.entry_value[0]
    winners = market.table["account"][::2]
    value[winners] -= 50 * MILLION  # half of them entered lower
    value[market.table["account"][1::2]] += 50 * MILLION
    for _ in range(120):
        market.step(360.0)
        closing = market.table["working"] == CLOSING
        for account in market.table["account"][closing]:
            held = int(market.ledger.position[0, account])
            if held:
                market.trade(int(account), -held)
    trades = market.crowd.trades
    assert trades.realised_gains + trades.realised_losses > 400
    assert abs(trades.ratio - disposition) < 3.0 * trades.ratio_error + 0.05 * (disposition - 1.0)
    assert trades.ratio_error < 0.2


def test_losers_are_added_to_and_their_stops_move():
    habits = {"average_down_per_hour": 60.0, "panic_per_hour": 0.0, "hold_hours": 1e5}
    losing = RetailAlone(50, 50.0, habits, {"stop_id": 7, "uses_stop": 1, "exits_left": 1})
    losing.price(96.0)
    messages = losing.step(3600.0)
    bought = messages[messages["kind"] != CANCEL]
    assert len(bought) == (messages["kind"] == CANCEL).sum() == 50
    assert (bought["side"] == BUY).all()
    assert (bought["lots"] == 12_500).all()
    winning = RetailAlone(50, 50.0, habits)
    winning.price(104.0)
    without = RetailAlone(50, 50.0, habits | {"average_down_per_hour": 0.0})
    without.price(96.0)
    assert len(winning.step(3600.0)) == len(without.step(3600.0)) == 0


def test_who_cannot_add_gives_up():
    market = RetailAlone(200, 50.0, {"average_down_per_hour": 60.0, "panic_per_hour": 0.0, "hold_hours": 1e5})
    market.price(96.0)
    market.step(3600.0)
    market.crowd.change(average_down_per_hour=1e-9)
    market.step(7200.0)
    assert (market.table["working"] == 0).mean() > 0.9


@pytest.mark.parametrize(("per_hour", "reserve"), [(60.0, 300), (60.0, 20), (60.0, 0), (0.0, 300)])
def test_margin_is_topped_up_from_outside_and_money_is_conserved(per_hour, reserve):
    habits = {"top_up_per_hour": per_hour, "panic_per_hour": 0.0, "hold_hours": 1e5}
    market = RetailAlone(20, 50.0, habits, {"reserve": reserve * MILLION})
    rows = market.table["account"]
    margin, cash = market.ledger.isolated_margin[0, rows].copy(), market.ledger.cash[0, rows].copy()
    market.price(98.0)
    market.step(3600.0)
    assert (market.ledger.isolated_margin[0, rows] == margin).all()  # 60 % of the margin is still there
    market.price(94.5)
    market.step(3600.0)
    added = min(275, reserve) * MILLION if per_hour else 0
    assert (market.ledger.isolated_margin[0, rows] - margin == added).all()
    assert (market.table["reserve"] == reserve * MILLION - added).all()
    assert (market.ledger.cash[0, rows] == cash).all()
    assert broken_invariants(market.ledger) == []


def test_panic_makes_holders_leave_when_the_mood_is_against_them():
    left = {}
    for panic, mood in ((2.0, -1.0), (2.0, 1.0), (0.0, -1.0)):
        market = RetailAlone(N, 50.0, {"panic_per_hour": panic, "hold_hours": 1e5})
        market.sentiment[:] = mood
        messages = market.step(1800.0)
        assert ((messages["flags"] & REDUCE_ONLY) > 0).all()
        left[panic, mood] = len(messages) / N
    expected = 1.0 - math.exp(-1.0)
    assert abs(left[2.0, -1.0] - expected) < 3.0 * math.sqrt(expected * (1.0 - expected) / N)
    assert left[2.0, 1.0] == left[0.0, -1.0] == 0.0


def test_dip_buyers_spend_their_reserve_after_a_deep_fall_only():
    habits = {"dip_share": 1.0, "dip_per_hour": 60.0, "hold_hours": 1e5}
    market = RetailAlone(50, 0.0, habits, {"reserve": 500 * MILLION, "dips": np.arange(50) < 20})
    market.price(71.0)
    assert len(market.step(3600.0)) == 0
    market.price(69.0)
    messages = market.step(3600.0)
    assert len(messages) == 20
    assert (messages["side"] == BUY).all()
    assert messages["lots"] * LOT * 69.0 == pytest.approx(490.0, rel=1e-3)
    assert broken_invariants(market.ledger) == []
    assert (market.table["reserve"] == np.where(market.table["dips"], 0, 500 * MILLION)).all()
    assert (market.ledger.cash[0, market.table["account"][:20]] == 1500 * MILLION).all()


@pytest.mark.parametrize(("move", "side"), [(-0.05, SELL), (0.05, BUY)])
def test_followers_chase_a_strong_move_with_leverage(move, side):
    entered = {}
    for per_hour in (0.0, 2.0):
        market = RetailAlone(N, parameters=UNBIASED | {"chase_per_hour": per_hour, "hold_hours": 1e5})
        market.view["momentum_slow"] = move
        messages = market.step(1800.0)
        entered[per_hour] = len(messages) / N
    expected = 1.0 - math.exp(-1.0)
    assert entered[0.0] < 0.01
    assert abs(entered[2.0] - expected) < 3.0 * math.sqrt(expected * (1.0 - expected) / N) + 0.01
    assert (messages["side"] == side).mean() > 0.98
    assert messages["lots"] * LOT * PRICE_USD == pytest.approx(8000.0, rel=1e-3)


@pytest.mark.parametrize("rounding", [1.0, 0.5, 0.0])
def test_exits_cluster_at_round_numbers(rounding):
    market = RetailAlone(500, 5.0, {"rounding": rounding}, {"uses_stop": 3})
    messages = market.step(1.0)
    triggers = messages["trigger"][messages["trigger"] > 0]
    share, chance = clustering(triggers, TICK)
    expected = rounding + (1.0 - rounding) * chance
    assert len(triggers) == 1000
    assert chance < 0.2
    assert abs(share - expected) <= 3.0 * math.sqrt(expected * (1.0 - expected) / len(triggers))


def test_sizes_and_leverage_are_heavy_tailed(small):
    changes = {"retail.traders": 4000, "retail.size_limit_over_depth": 100, "noise.traders": 0}
    crowd = next(
        item for item in build(small(changes), 1, views=False).crowds if item.kind == "leveraged_retail"
    )
    table = crowd.table[crowd.table["instrument"] == 0]
    size = table["wealth_usd"] * table["leverage"]
    exponent = len(size) / np.log(size / size.min()).sum()  # of a Pareto law, by maximum likelihood
    assert abs(exponent - 1.4) < 3.0 * 1.4 / math.sqrt(len(size))
    share = float((crowd.table["leverage"] > 30).mean())  # 1.394 standard deviations above a median of 10
    assert abs(share - 0.0817) < 3.0 * math.sqrt(0.0817 * 0.9183 / 4000)


def test_clustering_counts_multiples_of_the_round_step():
    everywhere = np.arange(10_000, 99_999)  # 100.00 to 999.98 USD: round numbers are half a dollar apart
    share, chance = clustering(everywhere, TICK)
    assert share == pytest.approx(chance, rel=1e-3)
    assert chance == pytest.approx(1.0 / 50.0)
    assert round_number(123.4) == 123.5
    with pytest.raises(ValueError, match="price_ticks"):
        clustering([], TICK)
