"""A stand-in for the simulator: synthetic traces with a crash of known shape, in a few milliseconds."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from abm.trace import Trace
from experiments.measure import measure

INSTRUMENTS = ("BTC-USD", "BTC-PERP", "ETH-PERP", "ALT-PERP")
ON_DEX = ("BTC-PERP@dex", "ALT-PERP@dex", "USDE-USD@dex")


def nobody_is_told_ahead(_kind, _changes):
    return SimpleNamespace(ahead_s=0.0)


@dataclass(frozen=True)
class FakeScenario:
    """As much of a scenario as the runner, the metrics and the report look at."""

    name: str = "october-2025"
    title: str = "A cascade"
    duration_s: float = 30 * 3600.0
    event: str = "october-2025"
    start_utc: str = "2025-10-10T18:50:00Z"
    crash: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(start_s=7200.0, end_s=10800.0, news_leg_s=600.0)
    )
    phases: tuple[SimpleNamespace, ...] = (
        SimpleNamespace(until_s=14400.0, step_s=10.0),
        SimpleNamespace(until_s=30 * 3600.0, step_s=60.0),
    )
    fall: float = 0.13
    news_leg: float = 0.03
    keeps: float = 0.4  # share of the fall that stays
    main_instrument: str = "BTC-PERP"
    eth_instrument: str = "ETH-PERP"
    alt_instrument: str | None = "ALT-PERP"
    population: int = 1000
    trouble: str = ""
    own_agents: tuple[()] = ()
    whale: None = None
    information: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(tier_for=nobody_is_told_ahead)
    )
    folder: Path | None = None
    herd: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(rule="degroot", graph="barabasi_albert", graph_options={})
    )
    venues: tuple[()] = ()
    news: tuple[SimpleNamespace, ...] = (SimpleNamespace(shock=True, time_s=7200.0, tiers=()),)
    institution: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(institutions=10))
    dex: bool = False  # a second exchange, where the ALT falls farther and a synthetic dollar loses its peg

    def model_dump_json(self) -> str:
        return repr(self)

    def model_dump(self, mode: str = "python") -> dict[str, str]:
        return {"scenario": repr(self)}


OCTOBER = FakeScenario(dex=True)
COVID = FakeScenario(
    name="covid-2020", title="A repricing", event="march-2020", fall=0.5, news_leg=0.45, keeps=0.62
)

FALL_KEPT = {"baseline": 1.0, "liquidations": 0.3, "maker_withdrawal": 0.5, "herding": 0.9, "adl": 1.0}


def fake_simulate(scenario, seed, twin="baseline", until="end", progress=None):
    """Return a trace whose main price falls by ``scenario.fall`` and comes back by ``1 - scenario.keeps``."""
    draw = np.random.default_rng([seed, 1])
    end = scenario.duration_s if until == "end" else scenario.crash.end_s
    fine = np.arange(10.0, min(scenario.crash.end_s + 3600.0, end) + 1e-9, 10.0)
    coarse = np.arange(fine[-1] + 60.0, end + 1e-9, 60.0)
    time_s = np.concatenate((fine, coarse))
    after = (time_s - scenario.crash.start_s) / 60.0
    kept = scenario.news_leg / scenario.fall if twin == "liquidations" else FALL_KEPT.get(twin, 0.05)
    fall = scenario.fall * kept * (1.0 + 0.05 * draw.standard_normal())
    shape = crash_shape(after, scenario.keeps, scenario.news_leg / scenario.fall)
    noise = 5e-4 * draw.standard_normal(time_s.size) * np.where((after > 0) & (after < 45), 8.0, 1.0)
    path = (1.0 - fall * shape) * np.exp(noise)
    alt_path = (1.0 - np.minimum(4.0 * fall, 0.8) * shape) * np.exp(noise)
    columns = np.column_stack((path, path * (1 - 0.002 * shape), 1 - 1.15 * (1 - path), alt_path))
    prices = columns * np.array([100_000.0, 100_000.0, 4_000.0, 10.0])
    forced = np.where((after > 0) & (after < 30), 4e5 * shape * kept, 0.0)[:, None] * np.array(
        [0.0, 1.0, 0.6, 0.4]
    )
    depth = (5e6 / (1.0 + 25.0 * shape))[:, None] * np.ones(4)
    volume = 1e5 * np.diff(time_s, prepend=0.0)[:, None] * np.ones(4) * (1.0 + 60.0 * shape[:, None])
    series = {
        "last": prices,
        "low": prices * 0.9995,
        "high": prices * 1.0005,
        "bid": prices * 0.9999,
        "ask": prices * 1.0001,
        "mark": prices,
        "index": prices,
        "depth_bid": depth,
        "depth_ask": depth * 1.1,
        "volume": volume,
        "taker_buy": volume / 2,
        "open_interest": (1.0 - 0.25 * np.maximum.accumulate(shape))[:, None]
        * np.array([0.0, 900.0, 9e3, 2e6]),
        "funding": (5e-5 - 1.5e-4 * shape)[:, None] * np.array([0.0, 1.0, 1.0, 1.0]),
        "liquidated_long": forced,
        "liquidated_short": 0.15 * forced,
        "adl": 0.2 * forced,
    }
    world = {
        "sentiment": -0.8 * shape,
        "equity_index": 100.0 * (1.0 - 0.08 * shape * (scenario.keeps > 0.5)),
        "insurance_fund": 1e7 - 3e6 * np.maximum.accumulate(shape),
        "makers_quoting": 1.0 - 0.7 * shape,
        "bad_debt": 1e5 * np.maximum.accumulate(shape),
        "feed_delay_s": 0.1 + 2.0 * shape,
    }
    names, exchanges, collateral = INSTRUMENTS, ("hub",), ()
    values = prices[:, 1:]
    if scenario.dex:
        names, exchanges, collateral = INSTRUMENTS + ON_DEX, ("hub", "dex"), ("USDE-USD@dex",)
        values = np.column_stack((values, np.ones(time_s.size)))
        series = {name: np.column_stack((column, column[:, [1, 3, 0]])) for name, column in series.items()}
        own = np.column_stack(
            (prices[:, 1] * (1.0 - 0.04 * shape), prices[:, 3] * (1.0 - 0.3 * shape), 1.0 - 0.3 * shape)
        )
        for name, factor in (("last", 1.0), ("low", 0.9995), ("high", 1.0005), ("mark", 1.0)):
            series[name][:, 4:] = factor * own
        for name in ("open_interest", "liquidated_long", "liquidated_short", "adl", "volume", "taker_buy"):
            series[name][:, 4:] = 0.0
    for name in exchanges:
        world[f"insurance_fund@{name}"] = world["insurance_fund"] / len(exchanges)
        world[f"feed_delay_s@{name}"] = world["feed_delay_s"] * (name == "hub")
    events = fake_events(scenario.crash.start_s, exchanges)
    if progress is not None:
        progress(1.0)
    return Trace(
        scenario.name,
        seed,
        twin,
        time_s,
        names,
        ("BTC", "ETH", "ALT", "USDE")[: values.shape[1]],
        series,
        {"value": values},
        world,
        events,
        {"news": scenario.crash.start_s},
        exchanges,
        collateral,
    )


def fake_events(p0, exchanges):
    """Return tables of events: a backstop and then deleveraging on the hub, makers that leave, an outage."""
    forced = [
        (p0 + 580.0, 7, "BTC-PERP", "order"),
        (p0 + 600.0, 8, "BTC-PERP", "backstop"),
        *((p0 + 610.0 + k, 10 + k, item, "order") for k in range(3) for item in ("BTC-PERP", "ETH-PERP")),
    ]
    owners = ("arbitrageur", "leveraged_retail")
    closed = [
        (p0 + 660.0 + 100.0 * (k > 1), 30 + k % 2, "BTC-PERP", k < 3, k < 2, owners[k % 2]) for k in range(4)
    ]
    left = [(p0 + 300.0 + 60.0 * k, k, "BTC-PERP", "stale feed" if k else "risk limit") for k in range(3)]
    return {
        "liquidations": pd.DataFrame(forced, columns=["time_s", "account", "instrument", "how"]),
        "adl": pd.DataFrame(
            closed, columns=["time_s", "account", "instrument", "was_in_profit", "lost_hedge", "kind"]
        ),
        "maker_withdrawals": pd.DataFrame(left, columns=["time_s", "maker", "instrument", "reason"]),
        "outages": pd.DataFrame(
            [(p0 + 900.0, p0 + 1500.0, "hub", "scheduled", 600.0)],
            columns=["time_s", "end_s", "exchange", "cause", "largest_delay_s"],
        ),
        "halts": pd.DataFrame([], columns=["time_s", "end_s", "exchange", "instrument"]),
        "refused": pd.DataFrame(
            [(name, "not enough margin", 5) for name in exchanges], columns=["exchange", "reason", "orders"]
        ),
    }


def crash_shape(after_min, keeps, news_share):
    """Share of the whole fall by minutes from P0: a news leg, a rebound, the low at minute 30, a recovery."""
    knots = [0.0, 6.0, 15.0, 24.0, 30.0, 40.0, 60.0, 300.0]
    heights = [0.0, news_share, 0.6 * news_share, 0.7 * news_share, 1.0, (1 + keeps) / 2, keeps * 1.05, keeps]
    return np.interp(after_min, knots, heights)


def fake_work(job):
    """Do a job with the stand-in; ``scenario.trouble`` asks for a failure."""
    if job.scenario.trouble == "raises" and job.seed == 2:
        raise ArithmeticError("the market caught fire")
    if job.scenario.trouble == "kills" and job.seed == 2:
        os._exit(9)
    if job.scenario.trouble.startswith("kills once ") and job.seed == 2:
        marker = Path(job.scenario.trouble.removeprefix("kills once "))
        if not marker.exists():
            marker.touch()
            os._exit(9)
    return measure(fake_simulate(job.scenario, job.seed, job.twin, job.until), job.scenario)


def slow_work(job):
    """Do a job and take a little longer."""
    time.sleep(0.3)
    return fake_work(job)
