"""The figures published for 12 and 13 March 2020, from the real bars, within their rounding."""

import numpy as np
import pytest
from real_data import real_file

from abm.measures.fall import find_fall, price_at
from abm.measures.price_path import DAY_S, HOUR_S, PricePath
from experiments.bars import load_bars
from experiments.diagnose import diagnose
from experiments.diagnostics.diagnosis import Diagnosis

HOURS = "mar2020/btcusdt_spot_1h_2020-02-20_06-15.csv"
FIVE_MINUTES = "mar2020/btcusdt_spot_5m_2020-02-01_03-12T2110.csv.gz"
EQUITIES = "xasset/daily_2019-06_2020-04.csv"
MIDNIGHT, MORNING = "2020-03-12T00:00", "2020-03-12T10:00"


@pytest.fixture(scope="module")
def midnight() -> Diagnosis:
    return diagnose(real_file(HOURS), MIDNIGHT, real_file(EQUITIES))


@pytest.fixture(scope="module")
def morning() -> Diagnosis:
    return diagnose(real_file(HOURS), MORNING, real_file(EQUITIES))


@pytest.fixture(scope="module")
def first_leg() -> Diagnosis:
    return diagnose(real_file(FIVE_MINUTES), MORNING)


def test_fall(midnight, morning):
    assert midnight.event.fall.start_price == pytest.approx(7934.5, abs=0.05)
    assert morning.event.fall.start_price == pytest.approx(7354, abs=0.5)
    assert midnight.event.fall.low_price == pytest.approx(3782, abs=0.5)
    assert 100 * midnight.event.fall.share == pytest.approx(52.3, abs=0.05)
    assert morning.event.fall.time_to_low_s == 16 * HOUR_S


def test_two_legs(midnight, morning, first_leg):
    for diagnosis in (midnight, morning):
        assert [round(leg.start_price) for leg in diagnosis.event.legs] == [7354, 5803]
        assert [round(leg.low_price) for leg in diagnosis.event.legs] == [5550, 3782]
        assert [round(100 * leg.fall, 1) for leg in diagnosis.event.legs] == [24.5, 34.8]  # 24.5, 35
    (leg,) = first_leg.event.legs
    assert round(100 * leg.fall, 1) == 24.5
    assert 100 * diagnose(real_file("mar2020/btcusdt_perp_1h_2020-02-20_06-15.csv")).event.legs[0].fall > 24.5


def test_recovery_from_both_bases(midnight, morning):
    names = ("1h", "1d", "3d", "7d", "14d", "30d")
    for diagnosis, published in (
        (midnight, (0.33, 0.43, 0.37, 0.57, 0.72, 0.73)),
        (morning, (0.39, 0.49, 0.43, 0.66, 0.84, 0.85)),
    ):
        found = [diagnosis.event.recovery[name] for name in names]
        assert found == pytest.approx(published, abs=0.0055)
    assert midnight.event.median_recovery == pytest.approx(0.39, abs=0.005)
    assert morning.event.median_recovery == pytest.approx(0.45, abs=0.005)
    assert midnight.event.permanent_share == pytest.approx(0.57, abs=0.006)
    assert morning.event.permanent_share == pytest.approx(0.51, abs=0.006)


def test_when_it_came_back(midnight, morning):
    assert midnight.event.first_touch.after_s == 67 * HOUR_S
    assert morning.event.first_touch.after_s == 7 * HOUR_S
    assert midnight.event.sustained.after_s / DAY_S == pytest.approx(6.5, abs=0.05)
    assert morning.event.sustained.after_s / DAY_S == pytest.approx(6.4, abs=0.05)
    assert midnight.event.sustained.held_s == 3 * DAY_S
    assert midnight.event.full.after_s / DAY_S == pytest.approx(47, abs=0.5)
    assert morning.event.full.after_s / DAY_S == pytest.approx(25, abs=0.5)


def test_first_leg_given_back_seven_to_nine_hours_later(first_leg):
    path = first_leg.bars.path()
    fall = find_fall(path, first_leg.event.fall.start_s, 6 * HOUR_S)
    shares = [
        (price_at(path, fall.low_s - 300.0 + hours * HOUR_S) - fall.low_price) / fall.depth
        for hours in (7.25, 9.25)
    ]  # 18:00 and 20:00
    assert shares == [pytest.approx(0.31, abs=0.005), pytest.approx(0.27, abs=0.005)]


def test_persistence_and_violence_of_volatility(midnight, first_leg):
    # 7.35 and 3.45 stand a hair below the rounding of 7.4 and 3.5
    published = {"1d": 7.7, "3d": 7.4, "7d": 3.5, "30d": 0.8}
    assert midnight.event.volatility == pytest.approx(published, abs=0.055)
    assert midnight.event.crash_to_calm == pytest.approx(12.6, abs=0.05)
    assert first_leg.event.crash_to_calm == pytest.approx(21, abs=0.5)


def test_volume(midnight):
    assert midnight.event.volume_spike == pytest.approx(13, abs=0.5)
    # published 25 with the calm of all 36 days of the file to 7 March; its last 30 days give 24.1
    whole = diagnose(real_file(FIVE_MINUTES), MORNING, calm_days=36).event
    assert whole.volume_spike == pytest.approx(25, abs=0.5)
    assert diagnose(real_file(FIVE_MINUTES), MORNING).event.volume_spike == pytest.approx(24.1, abs=0.05)


def test_equities_explain_a_part_of_the_worst_day(midnight):
    beta = midnight.event.beta
    assert beta is not None
    assert beta.reference_return == pytest.approx(-0.100, abs=0.0005)  # log return of the S&P 500 on 12 March
    assert beta.correlation == pytest.approx(0.57, abs=0.02)
    assert beta.share == pytest.approx(0.24, abs=0.01)
    assert beta.share > 2 * beta.share_error


def test_correlation_jump_from_years_of_hours():
    event = diagnose(real_file("calm/btcusdt_spot_1h_2017_2026.csv.gz"), MIDNIGHT, real_file(EQUITIES)).event
    assert event.correlation_before == pytest.approx(-0.09, abs=0.01)
    assert event.correlation_during == pytest.approx(0.57, abs=0.02)


def test_reading(midnight, morning, first_leg):
    for diagnosis in (midnight, morning):
        assert diagnosis.reading.verdict == "repricing"
        assert diagnosis.reading.votes == {"cascade": 0, "repricing": 2}
    # the file of the first leg ends ten hours after its low
    assert first_leg.reading.verdict == "undecided"


def test_the_event_is_found_in_the_file(morning):
    assert diagnose(real_file(HOURS)).event.fall == morning.event.fall
    found = diagnose(real_file("calm/btcusdt_spot_1h_2017_2026.csv.gz"))
    assert found.event.fall.start_s == morning.event.fall.start_s


def test_ether():
    ether = diagnose(real_file("mar2020/ethusdt_spot_1h_2020-02-20_06-15.csv"), MIDNIGHT).event
    assert (ether.fall.start_price, ether.fall.low_price) == (pytest.approx(194.6, abs=0.05), 86.0)
    assert 100 * ether.fall.share == pytest.approx(55.8, abs=0.05)
    assert ether.sustained.after_s / DAY_S == pytest.approx(22, abs=0.5)  # published: 10 to 22 days by base
    assert ether.full.after_s / DAY_S == pytest.approx(43, abs=0.5)


def test_alts_fell_little_more_than_bitcoin():
    synthetic = load_bars(real_file("mar2020/btcusdt_synthetic_5m_from_XTZ_2020-03-05_20.csv"))
    pairs = real_file("mar2020/alts_btc_pairs_5m_2020-03-05_20.csv.gz")
    start_s = 1583971200.0  # midnight of 12 March
    bitcoin = find_fall(synthetic.path(), start_s).share
    falls = []
    for symbol in ALTS:
        in_dollars = load_bars(pairs, symbol).close * synthetic.close
        falls.append(find_fall(PricePath.of_closes(synthetic.end_s, in_dollars), start_s).share)
    assert 100 * bitcoin == pytest.approx(51, abs=0.5)
    assert 100 * float(np.median(falls)) == pytest.approx(62, abs=0.5)
    assert float(np.median(falls)) / bitcoin == pytest.approx(1.2, abs=0.05)


ALTS = [
    *("ALGOBTC", "ATOMBTC", "COTIBTC", "EOSBTC", "LTCBTC", "LTOBTC", "MATICBTC", "NEOBTC"),
    *("OGNBTC", "QTUMBTC", "RVNBTC", "THETABTC", "WAVESBTC", "XMRBTC", "XRPBTC", "XTZBTC"),
]
