"""The examples of the documentation run, and do what their pages say."""

import ast
import importlib
import re
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from abm.information.tiers import TIERS
from abm.networks.graphs import GRAPHS
from abm.networks.social_rules import RULES
from agents.institution_kinds import INSTITUTION_KINDS
from experiments import load as load_runs
from experiments.build import build
from experiments.compare import Request, compare
from experiments.scenarios import load, parse, shipped
from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_reading import read_sweep

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
HALF_HOUR = {"phases.0.until_s": 1800, "phases.0.step_s": 30, "crash.start_s": 600, "crash.end_s": 1800}


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import an example by name."""
    monkeypatch.syspath_prepend(DOCS / "examples")
    return importlib.import_module


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_example_is_shown_and_tested():
    pages = "".join(path.read_text("utf-8") for path in DOCS.rglob("*.md"))
    tested = Path(__file__).read_text("utf-8")
    for path in (DOCS / "examples").glob("*.py"):
        assert f"../examples/{path.name}" in pages
        assert f'example("{path.stem}")' in tested


def test_own_agent_trades(example, capsys):
    example("own_agent").main()
    held, cash = re.search(r"holds (-?[\d.]+) BTC and ([\d,.]+) USD", capsys.readouterr().out).groups()
    assert float(cash.replace(",", "")) != 50_000.0
    assert abs(float(held)) < 1.0


def test_own_agent_joins_a_scenario_file(example):
    momentum = example("own_agent").Momentum
    (block,) = blocks("how-to/own-agent.md", "toml")
    data = tomllib.loads(shipped()["calm"].read_text("utf-8")) | tomllib.loads(block)
    model = build(parse(data), seed=1, views=False)
    model.run(until_s=600)
    agents = model.agents_by_type[momentum]
    assert len(agents) == 20
    assert set(agents.get("threshold")) == {0.002}


def test_own_crowd_trades_and_is_seen_by_mesa(example, capsys):
    example("own_crowd").main()
    out = capsys.readouterr().out
    assert "1000 followers, 111 of them quick" in out
    assert "5,000,000 USD" not in out


def test_one_run(example, capsys):
    example("one_run").main("calm", **HALF_HOUR)
    assert re.search(r"low of 11\d,\d{3} USD after 0\.\d+ h", capsys.readouterr().out)


def test_many_runs(example, tmp_path, capsys):
    example("many_runs").main("calm", 1, str(tmp_path), **HALF_HOUR)
    out = capsys.readouterr().out
    assert out.count("0 runs failed") == 2
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_read_comparison(example, tmp_path, capsys):
    overrides = {key: str(value) for key, value in HALF_HOUR.items()} | {"retail.traders": "50"}
    compare(Request(("calm",), seeds=1, workers=1, out=tmp_path, overrides=overrides))
    example("read_comparison").main(str(tmp_path))
    out = capsys.readouterr().out
    assert "liquidations off" in out
    assert "total_fall" in out


def test_own_contagion(example, capsys, monkeypatch):
    monkeypatch.setitem(GRAPHS, "caves", None)  # so that the names are gone after the test
    monkeypatch.setitem(RULES, "majority", None)
    example("own_contagion").main()
    printed, _ = blocks("how-to/own-contagion.md", "text")
    assert capsys.readouterr().out == printed


def test_own_contagion_runs_in_a_scenario(small, monkeypatch):
    """Those left over when the caves are full follow nobody, and no majority moves them."""
    (block,) = blocks("how-to/own-contagion.md", "toml")
    herd = tomllib.loads(block)["herd"] | {"traders": 7, "rule_options": {"look_s": 10.0}}
    monkeypatch.chdir(DOCS / "examples")
    model = build(small({f"herd.{key}": value for key, value in herd.items()}), seed=1, views=False)
    model.run(until_s=120.0)
    crowd = next(crowd for crowd in model.crowds if crowd.kind == "social_herd")
    assert np.diff(crowd.graph.start).tolist().count(0) == 7
    assert (crowd.sentiment < 0.0).all()
    crowd.rule.post(np.arange(100), -1.0)
    crowd.rule.step(10.0)
    assert (crowd.rule.sentiment()[:150] == -1.0).sum() > 50
    assert not crowd.rule.sentiment()[-7:].any()


@pytest.mark.parametrize(
    ("module", "part", "entry"),
    [
        ("own_contagion", "caves", 'GRAPHS["caves"]'),
        ("own_contagion", "Majority", 'RULES["majority"]'),
        ("own_institution", "YieldFund", 'INSTITUTION_KINDS["yield_fund"]'),
        ("own_tier", None, 'TIERS["chat group"]'),
        ("own_agent", "Momentum", None),
    ],
)
def test_what_is_ones_own_takes_less_than_thirty_lines(module, part, entry):
    lines = 0
    for node in ast.parse((DOCS / "examples" / f"{module}.py").read_text("utf-8")).body:
        named = getattr(node, "name", None) == part if part else False
        entered = (
            isinstance(node, ast.Assign)
            and entry is not None
            and ast.unparse(node).startswith(entry.replace('"', "'"))
        )
        lines += (node.end_lineno - node.lineno + 1) * (named or entered)
    assert 0 < lines < 30


def test_own_tier(example, capsys, monkeypatch):
    monkeypatch.setitem(TIERS, "chat group", None)  # so that the name is gone after the test
    example("own_tier").main()
    (printed,) = blocks("how-to/own-tier.md", "text")
    assert capsys.readouterr().out == printed


def test_tier_of_a_scenario_file():
    (block,) = blocks("how-to/own-tier.md", "toml")
    scenario = parse(tomllib.loads(shipped()["calm"].read_text("utf-8")) | tomllib.loads(block))
    readers = build(scenario, seed=1, views=False).crowds
    assert {crowd.tier for crowd in readers if crowd.kind in ("fundamentalist", "leveraged_retail")} == {
        "chat group"
    }


def test_own_institution(example, capsys, monkeypatch):
    monkeypatch.setitem(INSTITUTION_KINDS, "yield_fund", None)
    example("own_institution").main()
    assert capsys.readouterr().out == blocks("how-to/own-contagion.md", "text")[-1]


def test_own_bars(example, tmp_path, capsys):
    hours = np.arange(24 * 40)
    after = hours >= 24 * 30
    wiggle = 1.0 + np.where(after, 0.01, 0.002) * np.sin(0.7 * hours)
    price = 100.0 * wiggle * np.where(after, 0.7, 1.0)
    times = np.datetime64("2025-01-01T00:00") + hours.astype("timedelta64[h]")
    rows = [f"{time},{p},{p},{p},{p}" for time, p in zip(times, price, strict=True)]
    file = tmp_path / "step.csv"
    file.write_text("\n".join(["time,open,high,low,close", *rows]) + "\n")
    example("own_bars").main(str(file))
    assert capsys.readouterr().out.strip().endswith("reads as repricing")


def test_order_book_page(capsys):
    (block,) = blocks("reference/order-book.md", "python")
    exec(compile(block, "order-book.md", "exec"), {})
    promised = [line.partition("  # ")[2].strip() for line in block.splitlines() if "  # " in line]
    assert capsys.readouterr().out.splitlines() == promised


@pytest.mark.parametrize("page", ["tutorial/first-comparison.md", "tutorial/own-scenario.md"])
def test_keys_set_in_the_tutorial_exist(page):
    text = (DOCS / page).read_text("utf-8")
    pairs = re.findall(r"undertow run (october-2025) .*--set (\S+)=(\S+)", text)
    known = [pair for pair in pairs if "intrest" not in pair[1]]
    for scenario, key, value in known:
        load(scenario, {key: value})
    assert known or "--set" not in text


def test_scenario_of_the_tutorial():
    original = shipped()["october-2025"].read_text("utf-8")
    renamed, retail, _ = blocks("tutorial/own-scenario.md", "toml")
    body, found = re.subn(r"^crowding = .*\n", "", original.split("\n", 2)[2], flags=re.MULTILINE)
    assert found > 0
    table, line = retail.split()[0], retail.split("\n")[1]
    assert body.count(f"{table}\n") == 1
    body = re.sub(rf"^{line.split()[0]} = .*\n", "", body, flags=re.MULTILINE)
    scenario = parse(tomllib.loads(renamed + body.replace(f"{table}\n", f"{table}\n{line}\n")))
    assert scenario.name == "uncrowded"
    assert scenario.retail.open_interest_over_depth < load("october-2025").retail.open_interest_over_depth


def test_exchanges_of_the_tutorial(tmp_path):
    *_, venues = blocks("tutorial/own-scenario.md", "toml")
    page = (DOCS / "tutorial" / "own-scenario.md").read_text("utf-8")
    (key, value) = re.search(r"two-exchanges.toml --set (\S+)=(\S+)", page).groups()
    file = tmp_path / "two-exchanges.toml"
    original = re.sub(
        r"^\[\[venues\]\]\n(?:[^\[\n].*\n)*", "", shipped()["calm"].read_text("utf-8"), flags=re.MULTILINE
    )
    file.write_text(f"{original}\n{venues}")
    scenario = load(str(file), {key: value})
    assert [venue.capacity_per_s for venue in scenario.venues] == [0.0, 200.0]
    assert "BTC-PERP@edge" in build(scenario, seed=1, views=False).instrument_names


@pytest.mark.parametrize(("name", "runs"), [("leverage-and-depth", 432), ("sampled", 64)])
def test_sweeps_of_the_guide(name, runs):
    assert f"../examples/{name}.toml" in (DOCS / "how-to" / "sweeps.md").read_text("utf-8")
    plan = make_plan(read_sweep(DOCS / "examples" / f"{name}.toml"), DOCS / "examples")
    assert len(plan.runs) == runs


def test_sweep_of_any_model(example, tmp_path, capsys):
    example("sweep_any_model").main(str(tmp_path), workers=1)
    rows = capsys.readouterr().out.splitlines()[2:]
    mean = {tuple(map(int, row.split()[:2])): float(row.split()[2]) for row in rows if len(row.split()) == 4}
    assert len(load_runs(tmp_path).table) == 16
    assert all(0.0 < value < 1.0 for value in mean.values())


def test_attribution(example, tmp_path, capsys):
    mechanisms = ("liquidations", "maker_withdrawal", "herding")
    settings = HALF_HOUR | {"phases.0.step_s": 60, "retail.traders": 50}
    example("attribution").main(str(tmp_path), ("calm",), mechanisms, seeds=2, workers=1, **settings)
    together, fall = re.search(r"add up to (\S+), the fall is (\S+)", capsys.readouterr().out).groups()
    assert together == fall
    assert float(fall) > 0.0
    assert (tmp_path / "figures" / "attribution.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((tmp_path / ".coalitions").glob("*.npz"))) >= 2 * 4


def test_same_position_on_every_preset(example, capsys):
    example("same_position").main()
    printed = capsys.readouterr().out
    (promised,) = blocks("reference/liquidation-prices.md", "text")
    assert printed == promised
    prices = dict(line.split() for line in printed.splitlines())
    assert (prices["binance-usdm-2025"], prices["okx-2025"], prices["bybit-2024"]) == (
        "8.0808",
        "8.0857",
        "8.1000",
    )


def test_policy_study(example, tmp_path, capsys):
    own = DOCS / "examples" / "my-policies.toml"
    shorter = HALF_HOUR | {"retail.traders": 50}
    example("policy_study").main(str(tmp_path), 1, "calm", own, **shorter)
    assert "fund-tenfold" in capsys.readouterr().out
    assert (tmp_path / "policy.png").is_file()


def test_calibration(example, tmp_path, capsys):
    short = {"event": "october-2025", "retail.traders": 50, "phases.1.until_s": 100, "phases.2.until_s": 180}
    short |= {"crash.start_s": 40, "crash.end_s": 160, "news.0.time_s": 40}
    crash = {"scenario": str(DOCS / "examples" / "five-minutes.toml"), "set": short, "targets": ["B1", "B2"]}
    free = [{"path": "retail.leverage_median", "low": 3.0, "high": 15.0}]
    few = {"name": "few", "scenarios": [crash], "parameters": free, "budget": 12, "seeds": [1]}
    with ThreadPoolExecutor(1) as executor:
        example("calibration").main(str(tmp_path), few | {"judge_seeds": [11]}, 1, executor)
    out = capsys.readouterr().out
    assert "distance on fresh seeds: " in out
    assert re.search(r"retail.leverage_median moves [012] of 2 bands", out)
    assert len((tmp_path / "points.csv").read_text().splitlines()) == 1 + 1 + 12
    for name in ("bands.png", "identifiability.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_phase_and_sensitivity(example, tmp_path, capsys):
    module = example("phase_and_sensitivity")
    small = {"retail.traders": 50, "phases.0.until_s": 30, "phases.1.until_s": 100, "phases.2.until_s": 180}
    small |= {"crash.start_s": 40, "crash.end_s": 160, "news.0.time_s": 40}
    phases = module.MAP | {"replications": 1, "set": small}
    phases["axes"] = [axis | {"count": 2} for axis in module.MAP["axes"]]
    sample = phases | {"name": "sample", "sample": {"method": "saltelli", "points": 2}}
    sample["axes"] = [
        {"path": module.LEVERAGE, "low": 3.0, "high": 15.0},
        {"path": module.NEWS, "low": -0.25, "high": -0.05},
    ]
    module.main(str(tmp_path), phases, sample, workers=1)
    assert "of 4 points are cascades" in capsys.readouterr().out
    assert (tmp_path / "phase.png").is_file()
    assert (tmp_path / "sensitivity.png").is_file()


@pytest.mark.parametrize(
    ("name", "runs"),
    [("phase-leverage-depth", 100), ("phase-outage-capital", 125), ("sensitivity", 160), ("search", 128)],
)
def test_sweeps_of_the_guides_to_policies_and_sensitivity(name, runs):
    pages = [(DOCS / "how-to" / f"{page}.md").read_text("utf-8") for page in ("policy", "sensitivity")]
    assert f"../examples/{name}.toml" in "".join(pages)
    assert len(make_plan(read_sweep(DOCS / "examples" / f"{name}.toml"), DOCS / "examples").runs) == runs
