"""News reaches each tier of readers at its own time and with its own error."""

import math

import numpy as np
import pytest

from abm.information.tiers import TIERS, Readers, Tier, Told
from experiments.build import build
from experiments.errors import InputError

READERS = 4000
BAD_NEWS = [{"name": "bad", "time_s": 100, "size": -0.1}]


def read_at(now_s: float, tier: Tier, duration_s: float = 0.0) -> np.ndarray:
    """Return what readers of a tier know at a time of news of size 1 that comes after 100 s."""
    readers = Readers([Told(100.0, duration_s, np.array([0.0, 1.0]), tier)], 2, 1, "test")
    return readers.known(np.ones(READERS, np.int64), now_s)


def test_delays_are_log_normal_about_the_median_of_the_tier():
    tier = Tier(delay_s=50.0, delay_spread=0.6)
    for seconds in (20.0, 50.0, 150.0):
        chance = 0.5 * (1.0 + math.erf(math.log(seconds / 50.0) / 0.6 / math.sqrt(2.0)))
        share = (read_at(100.0 + seconds, tier) > 0.0).mean()
        assert abs(share - chance) < 3.0 * math.sqrt(chance * (1.0 - chance) / READERS)


def test_nobody_knows_before_the_time_but_who_is_told_ahead():
    assert (read_at(99.0, Tier()) == 0.0).all()
    assert (read_at(100.0, Tier()) == 1.0).all()
    assert (read_at(61.0, Tier(delay_s=10.0, ahead_s=50.0)) == 1.0).all()
    assert (read_at(59.0, Tier(delay_s=10.0, ahead_s=50.0)) == 0.0).all()


def test_news_that_takes_a_while_arrives_in_parts_and_is_told_ahead_as_a_whole():
    assert read_at(130.0, Tier(delay_s=10.0), 40.0) == pytest.approx(0.5)
    assert (read_at(101.0, Tier(delay_s=10.0, ahead_s=50.0), 40.0) == 1.0).all()


def test_errors_have_the_noise_of_the_tier_and_stay_the_same():
    sizes = read_at(200.0, Tier(noise=0.3))
    assert abs(sizes.mean() - 1.0) < 3.0 * 0.3 / math.sqrt(READERS)
    assert abs(sizes.std() - 0.3) < 3.0 * 0.3 / math.sqrt(2.0 * READERS)
    assert (read_at(900.0, Tier(noise=0.3)) == sizes).all()


def test_the_known_tiers_learn_in_order():
    order = ["insider", "connected", "professional", "headline"]
    middle = []
    for name in order:
        readers = Readers([Told(10_000.0, 0.0, np.ones(1), TIERS[name])], 1, 1, name)
        middle.append(np.median([readers.learns_at(0, reader) for reader in range(500)]))
    assert middle == sorted(middle)
    assert middle[1] < 10_000.0 < middle[2]


def test_negative_delays_are_refused():
    with pytest.raises(ValueError, match="delay_s is -1"):
        Tier(delay_s=-1.0)


@pytest.mark.parametrize(("tier", "sells"), [("insider", True), ("headline", False)])
def test_fundamentalists_sell_before_the_news_only_when_told_ahead(only, tier, sells):
    model = build(
        only(
            {
                "news": BAD_NEWS,
                "fundamentalist.traders": 24,
                "fundamentalist.opinion_spread": 0.0,
                "arbitrageur.traders": 3,
                "information.apply": True,
                "information.fundamentalist": tier,
                "information.tiers": [{"name": "insider", "ahead_s": 95, "delay_s": 10}],
            }
        ),
        1,
        views=False,
    )
    model.run(90.0)
    asks = sum(model.hub.books.best_ask(i) is not None for i in range(3))
    assert (asks > 0) == sells


@pytest.mark.parametrize(
    ("informed", "twin", "sells"),
    [(True, "baseline", True), (True, "exogenous_shock", False), (False, "exogenous_shock", True)],
)
def test_an_informed_whale_needs_news_and_a_lucky_one_does_not(small, informed, twin, sells):
    changes = {"whale.informed": informed, "information.tiers": [{"name": "insider", "ahead_s": 50}]}
    model = build(small(changes | {"information.tiers.0.delay_s": 2}), 1, twin, views=False)
    whale = next(crowd for crowd in model.crowds if crowd.kind == "whale")
    assert set(whale.tier_names) == {"insider" if informed else "headline"}
    model.run(50.0)
    assert (model.hub.ledger.position[:, whale.table["account"][0]].min() < 0) == sells


def test_unknown_tiers_are_refused_with_the_nearest_name(small):
    with pytest.raises(InputError, match="did you mean insider"):
        small({"information.whale": "insidr"})
    with pytest.raises(InputError, match="did you mean headline"):
        small({"news.0.tiers": [{"name": "headlines", "noise": 0.5}]})
    with pytest.raises(InputError, match=r"information\.tiers\.0\.delay_s"):
        small({"information.tiers": [{"name": "mine", "delay_s": -1}]})


def test_a_news_item_may_reach_a_tier_in_another_way(small):
    model = build(small({"news.0.tiers": [{"name": "headline", "delay_s": 5}]}), 1, views=False)
    retail = next(crowd for crowd in model.crowds if crowd.kind == "leveraged_retail")
    assert retail.readers.items["delay_s"].tolist() == [5.0]
    assert retail.readers.items["noise"].tolist() == [TIERS["headline"].noise]
