import numpy as np

from experiments.minutes import MinuteClock


def test_levels_flows_and_extremes_on_one_second_steps():
    time_s = np.arange(1.0, 601.0)
    clock = MinuteClock(time_s, 300.0)
    assert clock.minute.tolist() == list(range(-4, 6))
    assert clock.level(time_s)[4] == 300.0  # minute 0 ends at P0
    assert np.allclose(clock.flow(np.ones(600)), 60.0)
    assert clock.lowest(time_s)[5] == 301.0
    assert clock.highest(time_s)[5] == 360.0
    assert clock.mean(time_s)[5] == np.arange(301, 361).mean()


def test_flow_is_conserved_when_steps_grow_longer_than_a_minute():
    time_s = np.concatenate((np.arange(10.0, 601.0, 10.0), np.arange(900.0, 3601.0, 300.0)))
    amount = np.random.default_rng(0).random(time_s.size)
    clock = MinuteClock(time_s, 0.0)
    flow = clock.flow(amount)
    assert np.isclose(flow.sum(), amount.sum())
    assert np.allclose(flow[-5:], amount[-1] / 5)  # the last five minutes share the last step


def test_a_level_is_held_through_a_long_step():
    time_s = np.array([60.0, 120.0, 420.0])
    clock = MinuteClock(time_s, 0.0)
    assert clock.level(np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0]
    assert clock.lowest(np.array([1.0, 2.0, 0.5])).tolist() == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5]


def test_mean_leaves_out_what_is_not_a_number():
    clock = MinuteClock(np.array([30.0, 60.0, 90.0, 120.0]), 0.0)
    mean = clock.mean(np.array([1.0, np.nan, np.nan, np.nan]))
    assert mean[0] == 1.0
    assert np.isnan(mean[1])


def test_steps_whose_ends_miss_the_minute_by_rounding_stay_in_it():
    time_s = np.cumsum(np.full(600, 0.1))
    assert np.allclose(MinuteClock(time_s, 0.0).flow(np.ones(600)), 600.0)
