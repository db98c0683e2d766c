"""The whole market beside PAMS on its market CI2002 and beside plain Mesa agents.

Run from the repository root: ``PYTHONPATH=. python benchmarks/market.py``. Every row has the same number of
agents and of steps, runs on one core, one at a time, and is timed without setting up; the medians of repeats
with different seeds are printed. PAMS needs an older NumPy: name an interpreter that has ``pams==0.3.0`` in
UNDERTOW_PAMS_PYTHON, or let the benchmark make a virtual environment for it, which it removes at the end.

Alike in all rows: agents, steps, and, but for the first row, the rate of orders: one in a hundred steps from
each agent. Not alike: PAMS asks agents until enough orders have come, in one market, and books shares and
cash. Ours has a perpetual and a spot book, asks everyone in every step and keeps margined accounts to the
last unit; with all kinds of agents it also quotes, liquidates, pays funding and spreads moods. The plain Mesa
agents follow the noise traders' rule with the same books, but have no ledger and no prices but mids.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from mesa_traders import PlainMarket

from abm.book.orderbook import OrderBooks
from experiments.build import build
from experiments.scenarios import load
from experiments.scenarios.schema import Scenario

STEP_S = 1.0
ORDERS_PER_AGENT_STEP = 0.01
TURNOVER_PER_AGENT = 0.016  # keeps orders of many noise traders above one lot
PAMS = ("pams==0.3.0", "numpy<2")


class Run(NamedTuple):
    """One timed run."""

    seconds: float
    orders: int
    trades: int


def scenario_of(steps: int, traders: dict[str, int], more: dict[str, float] | None = None) -> Scenario:
    """Return BTC of the calm scenario, with this many traders of each kind and one-second steps."""
    end_s = steps * STEP_S
    counts = {
        f"{kind}.{'makers' if kind == 'market_maker' else 'traders'}": count
        for kind, count in traders.items()
    }
    rates = {"noise.rate_per_hour": ORDERS_PER_AGENT_STEP * 3600 / STEP_S, "noise.volatility_power": 0.0}
    window = {"crash.start_s": end_s / 2, "crash.end_s": end_s}
    bitcoin = load("calm").assets[0].model_dump()
    market = {"assets": [bitcoin], "phases": [{"until_s": end_s, "step_s": STEP_S}]}
    return load("calm", market | window | counts | rates | (more or {}))


def everybody(agents: int, steps: int) -> Scenario:
    """Return a market of all kinds of agents."""
    shares = {"herd": 0.2, "noise": 0.15, "fundamentalist": 0.05, "arbitrageur": 0.03, "market_maker": 0.03}
    traders = {kind: int(share * agents) for kind, share in shares.items()}
    traders["market_maker"] = min(traders["market_maker"], 6)
    return scenario_of(steps, traders | {"retail": agents - sum(traders.values())})


def only_noise(agents: int, steps: int) -> Scenario:
    """Return a market of noise traders, one arbitrageur (the least that a scenario takes) and nobody else."""
    nobody = dict.fromkeys(("retail", "herd", "fundamentalist", "market_maker"), 0)
    counts = nobody | {"noise": agents - 1, "arbitrageur": 1}
    return scenario_of(steps, counts, {"noise.hourly_turnover": min(100.0, TURNOVER_PER_AGENT * agents)})


def ours(scenario: Scenario, seed: int) -> Run:
    model = build(scenario, seed, views=False)
    before = int(model.hub.outbox.counters[1])
    began = time.perf_counter()
    model.run()
    seconds = time.perf_counter() - began
    orders = int(model.hub.outbox.counters[1]) - before
    return Run(seconds, orders, int(model.hub.books.books["trades"].sum()))


def plain_mesa(scenario: Scenario, seed: int) -> Run:
    model = build(scenario, seed, views=False)
    (table,) = (crowd.table for crowd in model.crowds if crowd.kind == "noise_trader")
    hub = model.hub
    books = OrderBooks(len(hub.table), position=hub.books.position.copy())
    plain = PlainMarket(seed, scenario.noise, table, books, hub.table, hub.view["mid"].tolist(), STEP_S)
    steps = round(scenario.duration_s / STEP_S)
    began = time.perf_counter()
    for _ in range(steps):
        plain.step()
    return Run(time.perf_counter() - began, plain.orders, int(books.books["trades"].sum()))


def pams_python(folder: Path) -> str | None:
    """Return an interpreter that has PAMS, made in ``folder`` if none is named; None if there is none."""
    named = os.environ.get("UNDERTOW_PAMS_PYTHON")
    if named:
        return named
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    print(f"installing {' '.join(PAMS)} into a temporary environment", file=sys.stderr)
    for command in (
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "--quiet", *PAMS],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            reason = (made.stderr or made.stdout).strip().splitlines()[-1:]
            print(f"PAMS skipped: {' '.join(reason) or 'it cannot be installed'}")
            return None
    return str(python)


def pams(python: str, agents: int, steps: int, repeats: int) -> list[Run]:
    script = Path(__file__).with_name("pams_ci2002.py")
    done = subprocess.run(
        [python, "-W", "ignore", script, str(agents), str(steps), str(repeats)],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"PAMS skipped: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")
        return []
    return [Run(*json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]


def measure(agents: int, steps: int, repeats: int, python: str | None) -> None:
    """Print the table for one number of agents."""
    whole, noise = everybody(agents, steps), only_noise(agents, steps)
    seeds = range(1, repeats + 1)
    runs: dict[str, list[Run]] = {
        "ours, all kinds of agents": [ours(whole, seed) for seed in seeds],
        "ours, noise traders": [ours(noise, seed) for seed in seeds],
        "plain Mesa, noise traders": [plain_mesa(noise, seed) for seed in seeds],
    }
    if python is not None:
        runs["PAMS, CI2002"] = pams(python, agents, steps, repeats)
    heads = ("seconds", "agent-steps/s", "orders/s", "orders", "trades", "all kinds", "noise")
    print(f"\n{f'{agents:,} agents, {steps} steps':27} " + " ".join(f"{head:>13}" for head in heads))
    medians = {
        name: Run(*map(statistics.median, zip(*rows, strict=True))) for name, rows in runs.items() if rows
    }
    base = [medians["ours, all kinds of agents"].seconds, medians["ours, noise traders"].seconds]
    for name, run in medians.items():
        cells: list[Any] = [f"{run.seconds:.3f}", f"{agents * steps / run.seconds:,.0f}"]
        cells += [f"{run.orders / run.seconds:,.0f}", f"{run.orders:,.0f}", f"{run.trades:,.0f}"]
        cells += [f"{run.seconds / seconds:.2f} x" for seconds in base]
        print(f"{name:27} " + " ".join(f"{cell:>13}" for cell in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, nargs="+", default=[100, 1_000, 3_000, 10_000])
    parser.add_argument("--steps", type=int, default=600, help="more than 100, which PAMS opens with")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pams-up-to", type=int, default=3_000, help="most agents that PAMS is run with")
    options = parser.parse_args()
    if min(options.agents) < 100 or options.steps <= 100 or options.repeats < 1:
        parser.error("at least 100 agents, 101 steps and 1 repeat")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for warm_up in (everybody(100, 101), only_noise(100, 101)):
        ours(warm_up, 1)
    plain_mesa(only_noise(100, 101), 1)
    print(f"{platform.machine()}, Python {platform.python_version()}, one core, medians of {options.repeats}")
    print("the last two columns: time of the row over that of ours with all kinds, and with noise traders")
    with tempfile.TemporaryDirectory() as folder:
        python = pams_python(Path(folder))
        for agents in options.agents:
            measure(agents, options.steps, options.repeats, python if agents <= options.pams_up_to else None)
        if python and max(options.agents) > options.pams_up_to:
            print(
                f"\nPAMS left out above {options.pams_up_to:,} agents, where it takes minutes: --pams-up-to"
            )


if __name__ == "__main__":
    main()
