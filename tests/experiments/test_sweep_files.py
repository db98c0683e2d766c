"""Sweep files: what axes give, reproducible samples and seeds, and one plain line for each fault."""

from pathlib import Path

import numpy as np
import pytest

from experiments.errors import InputError
from experiments.sweeps.plan import make_plan
from experiments.sweeps.points import points_of
from experiments.sweeps.seeds import spawn_seeds
from experiments.sweeps.sweep_reading import parse_sweep, read_sweep

SMALL = str(Path(__file__).parents[1] / "small.toml")
LEVERAGE, CROWD = "retail.leverage_median", "retail.traders"


def sweep_of(*axes, **keys):
    return parse_sweep({"name": "s", "scenario": SMALL, "axes": list(axes), **keys})


def points(*axes, **keys):
    return points_of(sweep_of(*axes, **keys))


def faults(*axes, **keys):
    """Return the lines that refuse a sweep, by its file or by its scenario."""
    with pytest.raises(InputError) as caught:
        make_plan(sweep_of(*axes, **keys), Path())
    return str(caught.value).splitlines()


def test_lists_give_all_combinations_in_the_order_of_the_file():
    found = points({"path": "a", "values": [1, 2]}, {"path": "b", "values": ["x", "y"]})
    assert found == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ({"start": 1.0, "end": 2.0, "count": 3}, [1.0, 1.5, 2.0]),
        ({"start": 0.1, "end": 0.3, "step": 0.1}, [0.1, 0.2, 0.3]),
        ({"start": 1.0, "end": 1000.0, "count": 4, "spacing": "log"}, [1.0, 10.0, 100.0, 1000.0]),
        ({"start": 1, "end": 4, "count": 3, "whole": True}, [1, 2, 4]),
    ],
)
def test_ranges_hold_both_ends(axis, values):
    found = [point["a"] for point in points({"path": "a", **axis})]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_zipped_axes_go_in_step_and_cross_the_others():
    found = points(
        {"path": "a", "values": [1, 2], "zip": "pair"},
        {"path": "c", "values": [5, 6]},
        {"path": "b", "values": [10, 20], "zip": "pair"},
    )
    assert {(point["a"], point["b"]) for point in found} == {(1, 10), (2, 20)}
    assert len(found) == 4


def test_a_conditional_axis_is_varied_only_where_it_applies():
    found = points(
        {"path": "a", "values": ["off", "on", "strong"]},
        {"path": "b", "values": [1, 2], "when": {"a": ["on", "strong"]}},
        {"path": "c", "low": 0.0, "high": 1.0, "when": {"a": "strong"}},
        sample={"points": 2},
    )
    kinds = [(point["a"], point.get("b"), "c" in point) for point in found]
    assert kinds.count(("off", None, False)) == 1
    assert kinds.count(("on", 1, False)) == 1
    assert kinds.count(("strong", 2, True)) == 2
    assert len(found) == 1 + 2 + 4


def test_samples_fill_their_bounds_and_come_again_with_the_seed():
    axes = (
        {"path": "a", "low": 2.0, "high": 4.0},
        {"path": "b", "low": 1.0, "high": 100.0, "spacing": "log"},
        {"path": "n", "low": 1, "high": 3, "whole": True},
    )
    for method in ("sobol", "latin-hypercube"):
        sample = {"method": method, "points": 64, "seed": 5}
        found = points(*axes, sample=sample)
        assert found == points(*axes, sample=sample)
        assert found != points(*axes, sample=sample | {"seed": 6})
        a, b, n = (np.array([point[name] for point in found]) for name in "abn")
        assert sorted(((a - 2.0) / 2.0 * 64).astype(int)) == list(range(64))  # one in each stratum
        assert abs(np.median(b) - 10.0) < 1.5
        assert np.bincount(n).tolist()[1:] == pytest.approx([64 / 3] * 3, abs=2.0)


def test_sobol_points_are_those_of_scipy():
    from scipy.stats import qmc

    found = points({"path": "a", "low": 0.0, "high": 1.0}, sample={"points": 8, "seed": 3})
    unit = qmc.Sobol(1, rng=np.random.default_rng(3)).random(8)
    assert [point["a"] for point in found] == pytest.approx(unit[:, 0].tolist(), abs=1e-11)


def test_spawned_seeds_differ_come_again_and_begin_alike():
    seeds = spawn_seeds(7, 5000)
    assert len(set(seeds)) == 5000
    assert spawn_seeds(7, 10) == seeds[:10]
    assert spawn_seeds(8, 10) != seeds[:10]
    assert spawn_seeds(7, 3, {"a": 1}) != spawn_seeds(7, 3, {"a": 2})
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_a_plan_has_each_point_with_all_seeds_and_twins():
    plan = make_plan(
        sweep_of({"path": LEVERAGE, "values": [3.0, 10.0]}, replications=3, twins=["baseline", "adl"]), Path()
    )
    assert len(plan.runs) == len({run.id for run in plan.runs}) == 12
    assert len(plan.documents) == plan.points == 2
    first, second = plan.runs[:6], plan.runs[6:]
    assert [(run.seed, run.twin) for run in first] == [(run.seed, run.twin) for run in second]
    assert {run.settings[LEVERAGE] for run in first} == {3.0}
    own = make_plan(
        sweep_of({"path": LEVERAGE, "values": [3.0, 10.0]}, replications=3, common_seeds=False), Path()
    )
    assert len({run.seed for run in own.runs}) == 6


def test_ids_change_with_what_the_result_depends_on_and_with_nothing_else():
    axis = {"path": LEVERAGE, "values": [3.0, 10.0]}
    ids = {run.id for run in make_plan(sweep_of(axis, seeds=[1, 2]), Path()).runs}
    more = make_plan(
        parse_sweep(
            {
                "name": "other",
                "scenario": SMALL,
                "traces": "none",
                "seeds": [2, 1, 3],
                "axes": [{"path": LEVERAGE, "values": [10.0, 20.0, 3.0]}],
            }
        ),
        Path(),
    )
    assert ids < {run.id for run in more.runs}
    assert not ids & {
        run.id for run in make_plan(sweep_of(axis, seeds=[1, 2], until="crash_end"), Path()).runs
    }
    changed = make_plan(sweep_of(axis, seeds=[1, 2], set={CROWD: 140}), Path())
    assert not ids & {run.id for run in changed.runs}


def test_items_by_name_and_by_number_are_one_key():
    (line,) = faults(
        {"path": "assets.BTC.depth_1pct_usd", "values": [1e6]},
        {"path": "assets.0.depth_1pct_usd", "values": [2e6]},
    )
    assert line.startswith("axes.1.path: 'assets.0.depth_1pct_usd' varies the same key as axes.0.path")


def test_an_unknown_path_names_the_nearest():
    (line,) = faults({"path": "retail.tradres", "values": [5]})
    assert line.startswith("axes.0.path: unknown key 'retail.tradres'; did you mean retail.traders?")
    (line,) = faults({"path": "assets.BTX.depth_1pct_usd", "values": [5]})
    assert "axes.0.path: assets.BTX.depth_1pct_usd: unknown item 'BTX'" in line


def test_a_value_out_of_bounds_is_refused_with_axis_and_value():
    (line,) = faults({"path": CROWD, "values": [100]}, {"path": LEVERAGE, "values": [3.0, 0.0]})
    assert line.startswith(
        "axes.1: retail.leverage_median: input should be greater than or equal to 1, got 0.0"
    )
    assert "(at retail.traders=100, retail.leverage_median=0)" in line


def test_values_that_only_together_make_no_scenario_are_refused():
    (line,) = faults({"path": "crash.start_s", "values": [60, 250]})
    assert "end_s is 240; it must be after start_s, 250" in line
    assert "crash.start_s=250" in line


@pytest.mark.parametrize(
    ("axes", "keys", "part"),
    [
        ([{"path": CROWD, "values": []}], {}, "axes.0: values: the list is empty"),
        ([{"path": CROWD, "values": [5, 5]}], {}, "axes.0: values: 5 is there twice"),
        ([{"path": CROWD, "values": [5]}] * 2, {}, "axes.1.path: 'retail.traders' is varied twice"),
        ([{"path": CROWD}], {}, "axes.0: give one of values, start and end, low and high; got nothing"),
        ([{"path": CROWD, "values": [1], "low": 1, "high": 2}], {}, "got values and low and high"),
        (
            [{"path": CROWD, "start": 5, "end": 1, "count": 3}],
            {},
            "end: must be greater than start, 5, got 1",
        ),
        ([{"path": CROWD, "start": 1, "end": 5}], {}, "axes.0: count, step: a range needs one of the two"),
        ([{"path": CROWD, "start": 1, "end": 5, "step": 1e-9}], {}, "step: too small"),
        ([{"path": CROWD, "low": 0, "high": 5, "spacing": "log"}], {}, "low: must be greater than 0"),
        ([{"path": CROWD, "low": 1, "high": 5}], {}, "sample: missing"),
        ([{"path": CROWD, "low": 1}], {}, "axes.0: high: missing"),
        ([{"path": CROWD, "low": 1, "high": 5}], {"sample": {"points": 48}}, "such as 32 or 64, got 48"),
        ([{"path": CROWD, "values": [1]}], {"sample": {"points": 4}}, "no axis has low and high"),
        ([{"path": CROWD, "values": [1], "vlaues": [2]}], {}, "did you mean axes.0.values?"),
        (
            [{"path": CROWD, "values": [1], "when": {LEVERAGE: 3}}],
            {},
            "axes.0.when: 'retail.leverage_median'",
        ),
        ([], {"replications": 0}, "replications: input should be greater than or equal to 1, got 0"),
        ([], {"seeds": [1, 1]}, "seeds: 1 is there twice"),
        ([], {"seeds": [-1]}, "seeds: must be from 0 to 4294967295, got -1"),
        ([], {"seeds": [1], "replications": 2}, "seeds: give a list of seeds, or replications, not both"),
        (
            [],
            {"twins": ["liquidation"]},
            "twins: unknown mechanism 'liquidation'; did you mean liquidations?",
        ),
        ([], {"sampel": {}}, "unknown key 'sampel'; did you mean sample?"),
        ([], {"set": {"retail": {"tradres": 5}}}, "set: unknown key 'retail.tradres'"),
        ([{"path": CROWD, "low": 1, "high": float("inf")}], {"sample": {"points": 4}}, "finite number"),
    ],
)
def test_faults_of_a_file_are_one_plain_line(axes, keys, part):
    (line,) = faults(*axes, **keys)
    assert part in line.replace("axes.0.0", "axes.0")


def test_zipped_axes_of_different_lengths():
    (line,) = faults(
        {"path": CROWD, "values": [1, 2], "zip": "z"},
        {"path": LEVERAGE, "values": [1.0, 2.0, 3.0], "zip": "z"},
    )
    assert "axes.0 (retail.traders) has 2, axes.1 (retail.leverage_median) has 3" in line


def test_a_sweep_of_a_thousand_million_runs_is_refused_at_once():
    axes = [{"path": f"a{place}", "start": 1, "end": 1000, "count": 1000} for place in range(3)]
    with pytest.raises(InputError, match=r"up to 1,000,000,000 runs; a sweep has at most 1,000,000"):
        points(*axes)


@pytest.mark.parametrize(
    ("text", "part"),
    [(b"name = ", "not valid TOML"), (b"\xff", "not UTF-8"), (b'name = "a"', "scenario: missing")],
)
def test_unreadable_files(tmp_path, text, part):
    (tmp_path / "sweep.toml").write_bytes(text)
    with pytest.raises(InputError, match=part):
        read_sweep(tmp_path / "sweep.toml")
    with pytest.raises(InputError, match="no such file"):
        read_sweep(tmp_path / "none.toml")


def test_a_scenario_file_is_looked_for_beside_the_sweep_file(tmp_path):
    (tmp_path / "mine.toml").write_text(Path(SMALL).read_text("utf-8"))
    sweep = parse_sweep({"name": "s", "scenario": "mine.toml"})
    assert len(make_plan(sweep, tmp_path).runs) == 1
    with pytest.raises(InputError, match=r"scenario: scenario file mine\.toml: no such file"):
        make_plan(sweep, Path())
    with pytest.raises(InputError, match=r"scenario: unknown scenario 'clam'; did you mean calm\?"):
        make_plan(parse_sweep({"name": "s", "scenario": "clam"}), Path())
