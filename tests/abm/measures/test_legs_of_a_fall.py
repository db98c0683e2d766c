import numpy as np
import pytest
from shapes import l_shape, minutes, v_shape

from abm.measures.fall import find_fall, largest_fall_start
from abm.measures.legs import split_legs, worst_leg
from abm.measures.price_path import PricePath


def test_one_plunge_is_one_leg():
    for path, start_s in (v_shape(), l_shape()):
        legs = split_legs(path, find_fall(path, start_s))
        assert len(legs) == 1
        assert (legs[0].start_price, legs[0].low_price, legs[0].fall) == (100.0, 80.0, pytest.approx(0.2))


def test_two_plunges_with_half_given_back_between_are_two_legs():
    knots = [(0, 100), (10, 100), (16, 96), (40, 98.5), (60, 85), (120, 95)]
    path = minutes([(float(x), float(y)) for x, y in knots])
    legs = split_legs(path, find_fall(path, 600.0))
    assert [(leg.start_price, leg.low_price) for leg in legs] == [(100.0, 96.0), (98.5, 85.0)]
    assert [leg.start_s / 60.0 for leg in legs] == [10.0, 40.0]
    assert legs[1].duration_s == 20 * 60.0
    assert worst_leg(legs) is legs[1]


def test_less_than_half_given_back_continues_the_leg():
    knots = [(0, 100), (10, 100), (16, 96), (40, 97.9), (60, 85), (120, 95)]
    path = minutes([(float(x), float(y)) for x, y in knots])
    legs = split_legs(path, find_fall(path, 600.0))
    assert [(leg.start_price, leg.low_price) for leg in legs] == [(100.0, 85.0)]


def test_a_low_that_stands_for_less_than_five_minutes_ends_no_leg():
    knots = [(0, 100), (10, 100), (16, 96), (18, 98.5), (21, 85), (120, 95)]
    path = minutes([(float(x), float(y)) for x, y in knots])
    assert len(split_legs(path, find_fall(path, 600.0))) == 1
    assert len(split_legs(path, find_fall(path, 600.0), stands_s=60.0)) == 2


def test_the_slow_slide_before_a_plunge_is_no_leg():
    # 10 % in 10 hours, then 10 % in 10 minutes
    path = minutes([(0.0, 100.0), (600.0, 90.0), (610.0, 80.0), (700.0, 85.0)])
    (leg,) = split_legs(path, find_fall(path, 0.0))
    # the hour before the first fast minute slid by one, so the leg begins within it
    assert 90.0 <= leg.start_price < 91.5
    assert leg.low_price == 80.0


def test_a_fall_without_a_fast_part_is_one_leg_from_p0():
    path = minutes([(0.0, 100.0), (60.0, 100.0), (2060.0, 80.0), (2500.0, 85.0)])
    (leg,) = split_legs(path, find_fall(path, 3600.0))
    assert (leg.start_s, leg.start_price, leg.low_price) == (3600.0, 100.0, 80.0)


def test_within_the_bar_of_the_low_only_the_close_is_known_to_come_after_it():
    # the high of the second bar is P0 itself: it came before the low and gives nothing back
    path = PricePath(
        time_s=np.arange(1.0, 7.0) * 300.0,
        low=np.array([100.0, 95.0, 95.5, 90.0, 92.0, 93.0]),
        high=np.array([100.0, 100.0, 96.0, 96.0, 94.0, 95.0]),
        close=np.array([100.0, 95.5, 96.0, 92.0, 93.0, 94.0]),
    )
    assert len(split_legs(path, find_fall(path, 300.0))) == 1


def test_the_largest_fall_is_found_with_its_pre_fall_level():
    knots = [(0, 100), (600, 104), (1800, 101), (3000, 100), (3010, 97), (3020, 98.5), (3040, 80), (4000, 95)]
    path = minutes([(float(x), float(y)) for x, y in knots])
    start_s = largest_fall_start(path)
    # the slide from 104 is no part of the event: it begins where nearly all of the fall is still to come
    assert 2990 <= start_s / 60.0 <= 3002
    assert find_fall(path, start_s).start_price == pytest.approx(100.0, abs=0.5)


def test_of_two_falls_the_larger_share_counts():
    path = minutes([(0.0, 100.0), (10.0, 95.0), (60.0, 10.0), (5000.0, 10.0), (5010.0, 1.5), (6000.0, 1.6)])
    assert find_fall(path, largest_fall_start(path)).low_price == 10.0
    path = minutes([(0.0, 100.0), (10.0, 50.0), (3000.0, 60.0), (3010.0, 24.0), (4000.0, 24.0)])
    assert find_fall(path, largest_fall_start(path)).low_price == 24.0


def test_no_fall_is_said_so():
    with pytest.raises(ValueError, match="never falls"):
        largest_fall_start(minutes([(0.0, 100.0), (400.0, 120.0)]))
