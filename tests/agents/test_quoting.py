"""Single decisions of a market maker about one instrument."""

import numpy as np
import pytest

from abm.book.messages import BUY, IOC, SELL
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.outbox import Outbox
from agents.crowd import parameter_record
from agents.making.parameters import MarketMakerParameters
from agents.making.quoting import pick_off, quote_dtype
from agents.market_maker import MarketMakers
from experiments.build import build

PARAMETERS = parameter_record(MarketMakerParameters(), withdrawal=1.0)
TERMS = for_kernels(instrument_table([Instrument("X-PERP", "X", "perpetual", 0.01, 0.001)], ["X"]))


def picked_off(news, bid, ask):
    """Return what a maker with a fair price of 100 sends after ``news`` of value."""
    quote = for_kernels(np.zeros(1, quote_dtype))
    quote["fair"], quote["news"], quote["depth_usd"] = np.log(100.0), news, 1e6
    quote["size_factor"] = quote["bid_appetite"] = quote["ask_appetite"] = 1.0
    outbox = Outbox()
    pick_off(PARAMETERS[0], quote[0], bid, ask, TERMS[0], 4, 0, outbox.messages, outbox.counters, 7)
    return outbox.take()


@pytest.mark.parametrize(
    ("news", "bid", "ask", "side"), [(-0.01, 100.5, 100.6, SELL), (0.01, 99.4, 99.5, BUY)]
)
def test_quotes_that_news_left_behind_are_traded_against_no_worse_than_the_fair_price(news, bid, ask, side):
    (order,) = picked_off(news, bid, ask)
    assert (order["kind"], order["side"]) == (IOC, side)
    assert order["lots"] == pytest.approx(PARAMETERS["pick_off_size"][0] * 1e6 / 100.0 / 0.001, rel=0.001)
    way = 1.0 if side == SELL else -1.0
    assert 0.0 < way * (order["price"] * 0.01 - 100.0) < 0.02


@pytest.mark.parametrize(
    ("news", "bid", "ask"),
    [
        (-0.001, 100.5, 100.6),
        (-0.01, 99.9, 100.1),
        (0.01, 99.9, 100.1),
        (0.01, 99.4, 0.0),
        (-0.01, 0.0, 100.6),
    ],
)
def test_without_news_or_without_a_stale_quote_nothing_is_sent(news, bid, ask):
    assert len(picked_off(news, bid, ask)) == 0


def moved_beliefs(scenario, excess):
    """Return how far beliefs about each instrument move when ETH falls by a tenth of its log, and no other.

    ``excess`` is volatility over what makers tolerate; the shape is ``(makers, instruments)``.
    """
    model = build(scenario, 1, views=False)
    makers = next(crowd for crowd in model.crowds if isinstance(crowd, MarketMakers))
    shown = model.hub.published
    shown["volatility"] = excess * makers.parameters.tolerance * shown["volatility_slow"]
    shown["log_mid"][model.hub.index_of("ETH-PERP")] -= 0.1
    before = makers.quotes[0]["fair"].copy()
    makers.decide(model.sights()[0])
    return makers.quotes[0]["fair"] - before, model.hub.index_of


@pytest.mark.parametrize(("weight", "excess"), [(0.5, 4.0), (1.0, 4.0), (1.0, 9.0), (0.0, 4.0), (1.0, 1.0)])
def test_beliefs_about_a_coin_follow_the_other_coins_in_a_volatile_market(only, weight, excess):
    """By weight times loading times what doubt leaves, of the others' mean by depth (for BTC: ETH, ALT)."""
    chosen = {"makers": 3, "leader_weight": weight, "doubt_power": 0.5}
    chosen = {f"market_maker.{name}": value for name, value in chosen.items()} | {"arbitrageur.traders": 3}
    moved, index_of = moved_beliefs(only(chosen), excess)
    share = 1.0 - excess**-0.5
    btc, alt = 1.6 / (1.6 + 0.15), 1.6 / (1.6 + 2.4)
    for name, loading, eth in (("BTC", 1.0, btc), ("ALT", 1.4, alt)):
        for kind in ("PERP", "SPOT"):
            follows = moved[:, index_of(f"{name}-{kind}")]
            assert follows == pytest.approx(-0.1 * weight * loading * share * eth, rel=1e-9, abs=1e-12)
