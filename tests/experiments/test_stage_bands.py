from types import SimpleNamespace

import pytest

from experiments.ensemble import StageTimes
from experiments.report.stage_bands import common_stages, shade_stages
from experiments.report.style import TimeAxis, mark_events, new_figure
from experiments.statistics import Estimate


def times(share, start, end):
    return StageTimes(share, Estimate(start, start, start, 3), Estimate(end, end, end, 3))


def test_stages_of_few_seeds_are_left_out():
    ensemble = SimpleNamespace(stages={"trigger": times(1.0, 1.0, 8.0), "void": times(0.4, 9.0, 20.0)})
    assert common_stages(ensemble) == [(1, "trigger", 1.0, 8.0)]


def test_numbers_of_stages_never_overlap_each_other_or_the_marks():
    figure, ((axes,),) = new_figure()
    time = TimeAxis(-10.0, 100.0)
    time.apply(axes)
    bands = [
        (number, "name", start, float("inf"))
        for number, start in enumerate((0.0, 1.0, 2.5, 6.0, 6.1, 50.0), 1)
    ]
    rows = shade_stages(axes, bands, time)
    assert rows == 1
    assert mark_events(axes, {"news": 0.0}, time, rows) == 2
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(not a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert len(axes.patches) == 6


def test_nothing_is_shaded_outside_the_axis():
    ((axes,),) = new_figure()[1]
    assert shade_stages(axes, [(1, "trigger", 200.0, 300.0)], TimeAxis(0.0, 100.0)) == 0
    assert not axes.texts


@pytest.mark.parametrize("end", [50.0, float("inf")])
def test_a_band_ends_with_the_stage_or_the_axis(end):
    ((axes,),) = new_figure()[1]
    shade_stages(axes, [(2, "price move", 10.0, end)], TimeAxis(0.0, 100.0))
    (band,) = axes.patches
    assert band.get_x() == 10.0
    assert band.get_x() + band.get_width() == min(end, 100.0)
