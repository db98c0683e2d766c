"""The job of attribution on a game whose parts are known, and the command around it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

import experiments.attribute as module
from experiments.attribute import COALITIONS_FOLDER, Request, attribute, plan
from experiments.attribute_command import pairs_of
from experiments.attribution_tables import how_sampled, print_attribution, share_said
from experiments.coalitions import Design
from experiments.compare import NothingFinishedError
from experiments.errors import InputError
from experiments.mechanisms import MECHANISMS, switched_off
from experiments.metrics import METRICS
from experiments.report.attribution import attribution_figure
from experiments.results import RunResult
from experiments.scenarios import load
from experiments.stored_attribution import stored_picture

SIX = ("liquidations", "maker_withdrawal", "herding", "exogenous_shock", "collateral_peg", "leverage")


@pytest.fixture(autouse=True)
def _no_picture(monkeypatch):
    monkeypatch.setattr("experiments.report.attribution.draw_attribution", lambda _: b"")


def game(job):
    """A fall: liquidations make 3 %, news 5 %, both together 2 % more, leverage nothing; 1 % is left."""
    on = set(MECHANISMS) - switched_off(job.twin)
    parts = {"liquidations": 3.0, "exogenous_shock": 5.0, "maker_withdrawal": 0.5, "herding": -0.25}
    fall = 1.0 + sum(size for name, size in parts.items() if name in on)
    fall += 2.0 * ("liquidations" in on and "exogenous_shock" in on)
    fall += 0.1 * np.random.default_rng(job.seed).standard_normal() * ("exogenous_shock" in on)
    metrics = dict.fromkeys(METRICS, np.nan) | {"total_fall": fall}
    if job.seed == 3 and "liquidations" not in on:
        metrics["total_fall"] = np.nan
    reasons = {"total_fall": "no fall"} if np.isnan(metrics["total_fall"]) else {}
    return RunResult(job.scenario.name, job.seed, job.twin, metrics, reasons)


def request(out, **changes):
    """A request over six mechanisms and two seeds of october-2025."""
    asked = Request(("october-2025",), SIX, "total_fall", seeds=2, pairs=1, workers=1, out=out)
    return replace(asked, **changes)


def rows(path):
    """The rows of a CSV table."""
    with path.open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(("pairs", "most"), [(0, 64), (1, 12), (2, 24)])
def test_parts_are_those_of_the_game_and_add_up(tmp_path, pairs, most):
    (item,) = attribute(request(tmp_path, pairs=pairs), work=game).attributions
    assert item.runs <= 2 * most
    assert item.parts["liquidations"].amount == pytest.approx(4.0)  # 3, and half of what both make
    assert item.parts["exogenous_shock"].amount == pytest.approx(6.0, abs=0.2)
    assert item.parts["leverage"].amount == 0.0
    assert item.left.amount == pytest.approx(1.0)
    together = sum(part.amount for part in item.parts.values()) + item.left.amount
    assert together == pytest.approx(item.outcome.amount, abs=1e-12)
    by_seed = rows(tmp_path / "tables" / "attribution.csv")
    falls = {
        row["seed"]: float(row["outcome"])
        for row in rows(tmp_path / "tables" / "coalitions.csv")
        if row["twin"] == "baseline"
    }
    for seed, fall in falls.items():
        assert sum(float(row["amount"]) for row in by_seed if row["seed"] == seed) == pytest.approx(fall)
    stored = json.loads((tmp_path / "attribution.json").read_text())["scenarios"]["october-2025"]
    shares = [part["share"] for part in (*stored["mechanisms"].values(), stored["left"])]
    assert sum(shares) == pytest.approx(1.0)
    assert list(stored["mechanisms"]) == list(SIX)
    sampling = [part["sampling_error"] for part in stored["mechanisms"].values()]
    assert sampling == ([None] * 6 if pairs == 1 else pytest.approx([0.0] * 6, abs=1e-12))


def test_what_finished_is_kept_and_more_seeds_and_orders_add_to_it(tmp_path):
    calls = []

    def stopped(job):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(job)
        return game(job)

    with pytest.raises(KeyboardInterrupt):
        attribute(request(tmp_path), work=stopped)
    assert len(list((tmp_path / COALITIONS_FOLDER).glob("*.npz"))) == 5
    assert attribute(request(tmp_path), work=game).reused == 5
    first = attribute(request(tmp_path), work=game)
    more = attribute(request(tmp_path, pairs=2, seeds=4), work=game)
    assert more.reused == first.reused == first.attributions[0].runs
    assert more.attributions[0].seeds == (1, 2, 4)
    assert "no fall" in more.attributions[0].left_out[3]


def test_nothing_is_told_of_an_outcome_that_no_seed_has(tmp_path):
    with pytest.raises(NothingFinishedError, match="no seed gives alt_fall in every coalition"):
        attribute(request(tmp_path, metric="alt_fall"), work=game)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mechanisms": ("liquidation",)}, "--mechanisms: unknown mechanism 'liquidation'; did you mean liq"),
        ({"mechanisms": ("adl", "adl")}, "--mechanisms: adl is there twice"),
        ({"metric": "fall"}, "--metric: unknown metric 'fall'; did you mean"),
        ({"scenarios": ("calm", "calm", "calm")}, "SCENARIO: 3 given; at most two"),
        ({"scenarios": ("clam",)}, "did you mean calm?"),
        ({"seeds": 100_000}, "--seeds: 100000 seeds of 12 runs are more than 1,000,000 runs"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(tmp_path, changes, message):
    with pytest.raises(InputError) as refused:
        attribute(request(tmp_path / "out", **changes), work=game)
    assert message in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_orders_are_pairs():
    assert pairs_of(9, 0, exact=False) == 1
    assert pairs_of(4, 0, exact=False) == 0
    assert pairs_of(9, 0, exact=True) == 0
    assert pairs_of(3, 6, exact=False) == 3
    with pytest.raises(InputError, match="--permutations: 3 is odd"):
        pairs_of(9, 3, exact=False)
    with pytest.raises(InputError, match="exclude each other"):
        pairs_of(9, 2, exact=True)


def test_each_coalition_is_run_once_and_what_a_scenario_lacks_is_left_on():
    scenario = load("covid-2020")
    design = Design(scenario, tuple(MECHANISMS), (1, 2), 1)
    twins = design.twins(1)
    assert twins == list(dict.fromkeys(twins))
    assert len(twins) <= 2 * len(MECHANISMS) - 2
    assert not any("collateral_peg" in twin for twin in twins)
    assert design.orders(1) != design.orders(2)
    assert design.orders(1) == replace(design, pairs=3).orders(1)[:2]


def test_two_scenarios_are_drawn_side_by_side_and_told(tmp_path, capsys):
    attributed = attribute(request(tmp_path, scenarios=("october-2025", "covid-2020")), work=game)
    figure = attribution_figure(attributed.attributions)
    left, right = figure.axes
    labels = [label.get_text() for label in left.get_yticklabels()][::-1]
    assert labels == [MECHANISMS[name].label for name in SIX] + ["left with all of them off"]
    assert left.get_xlim() == right.get_xlim()
    assert "%" in left.get_xlabel()
    assert right.get_title(loc="left").startswith("covid-2020: ")
    assert "Fall of BTC" in figure.get_suptitle()
    widths = [bar.get_width() for bar in left.patches]
    assert sum(widths) == pytest.approx(100.0)
    print_attribution(attributed)
    out = capsys.readouterr().out
    assert share_said(attributed.attributions[0].parts["liquidations"]) in out
    assert "2 seeds, 2 orders of joining for each" in out
    assert "exact for every seed" in how_sampled(replace(attributed.attributions[0], exact=True))


def test_the_stored_run_of_a_coalition_is_its_metrics(monkeypatch):
    full = RunResult(
        "calm", 1, "baseline", {"total_fall": 1.0}, {}, {"minute": np.zeros(3)}, {}, {}, {"a": 1.0}
    )
    monkeypatch.setattr(module, "simulate_and_measure", lambda job, histories: full)
    assert module.simulate_coalition(None) == replace(full, minutes={}, details={})


def test_a_report_of_the_same_scenarios_shows_it(tmp_path):
    attribute(request(tmp_path), work=game)
    same, other = load("october-2025"), load("october-2025", {"retail.traders": 500})
    assert stored_picture(tmp_path, [load("calm"), same]) == b""
    assert stored_picture(tmp_path, [load("calm"), other]) is None
    assert stored_picture(tmp_path / "elsewhere", [same]) is None


def test_the_plan_keeps_the_order_of_the_table(tmp_path):
    (design,) = plan(request(tmp_path, mechanisms=SIX[::-1]))
    assert design.mechanisms == SIX
