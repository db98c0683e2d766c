"""The clock: phases with their own step length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.clock import NANOSECONDS, Clock, Phase


def walk(clock):
    ends = []
    while not clock.finished:
        clock.advance()
        ends.append(clock.now_ns)
    return ends


def test_each_phase_has_its_step():
    clock = Clock((Phase(10, 5), Phase(12, 0.5), Phase(20, 4)))
    assert np.array(walk(clock)) / NANOSECONDS == pytest.approx([5, 10, 10.5, 11, 11.5, 12, 16, 20])
    assert clock.index == 7
    assert clock.steps() == 8


def test_the_last_step_of_a_phase_is_cut_at_its_end():
    clock = Clock((Phase(10, 4), Phase(11, 3)))
    assert np.array(walk(clock)) / NANOSECONDS == pytest.approx([4, 8, 10, 11])
    assert clock.step_s == 1.0
    assert clock.start_ns == 10 * NANOSECONDS
    assert clock.now_s == 11.0


phases = st.lists(
    st.tuples(st.integers(1, 50), st.sampled_from([0.1, 0.25, 0.3, 1, 2, 7])), min_size=1, max_size=4
)


@given(phases)
def test_the_number_of_steps_is_known_beforehand(parts):
    ends = np.cumsum([length for length, _ in parts]).tolist()
    clock = Clock(tuple(Phase(end, step) for end, (_, step) in zip(ends, parts, strict=True)))
    expected = clock.steps()
    times = walk(clock)
    assert len(times) == expected
    assert times[-1] == clock.end_ns
    assert {round(end * NANOSECONDS) for end in ends} <= set(times)
    assert (np.diff([0, *times]) > 0).all()
