"""Metrics of what happened between exchanges: gaps, pegs, withdrawals, backstops and lost hedges."""

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.measures.legs import split_legs
from abm.measures.sampling import last_known
from abm.measures.stages import by_exchange, of_backstops, waves
from abm.trace import Trace
from experiments.minutes import MINUTE_S, MinuteClock
from experiments.price_metrics import fall_in, price_path
from experiments.sheet import Sheet
from experiments.venue_series import gaps_by_coin, listing, peg

if TYPE_CHECKING:
    from experiments.scenarios.schema import Scenario

WIDE_GAP = 5.0
REBOUND_S = 900.0
ONE_VENUE = "the scenario has one exchange"
HEDGED = ("cross_margin_fund", "arbitrageur")
"""Kinds of agents whose positions have another side."""
NO_PEG = "no pegged coin is collateral"

Floats = npt.NDArray[np.float64]


def venue_metrics(sheet: Sheet, trace: Trace, clock: MinuteClock, scenario: "Scenario") -> None:
    """Take the metrics into ``sheet``, over the window from P0 to the end of the crash."""
    crash = scenario.crash
    _gaps(sheet, trace, clock, scenario)
    _pegs(sheet, trace, crash.start_s, crash.end_s)
    left = within(trace.events["maker_withdrawals"], crash.start_s, crash.end_s)
    sheet.put("maker_withdrawals", len(left))
    _deleveraging(sheet, trace, crash.start_s, crash.end_s)
    _outage(sheet, trace, scenario)


def within(events: pd.DataFrame, begin_s: float, end_s: float) -> pd.DataFrame:
    """Return the events after ``begin_s`` and up to ``end_s``."""
    return events[(events["time_s"] > begin_s) & (events["time_s"] <= end_s)]


def _gaps(sheet: Sheet, trace: Trace, clock: MinuteClock, scenario: "Scenario") -> None:
    end = (scenario.crash.end_s - scenario.crash.start_s) / MINUTE_S
    crash = (clock.minute > 0.0) & (clock.minute <= end)
    main = trace.asset_of(scenario.main_instrument)
    lows = {coin: float(gap[crash].max()) for coin, gap in gaps_by_coin(trace, clock, "low").items()}
    sheet.put("venue_gap", lows.pop(main, math.nan), ONE_VENUE)
    sheet.put("venue_gap_other", max(lows.values(), default=math.nan), ONE_VENUE)
    closes = [gap[crash] for gap in gaps_by_coin(trace, clock, "last").values()]
    wide = float((np.max(closes, axis=0) > WIDE_GAP).sum()) if closes else math.nan
    sheet.put("venue_gap_minutes", wide, ONE_VENUE)


def _pegs(sheet: Sheet, trace: Trace, begin_s: float, end_s: float) -> None:
    inside = (trace.time_s > begin_s) & (trace.time_s <= end_s)
    lowest = [float(peg(trace, coin)[inside].min()) for coin in trace.pegged]
    sheet.put("collateral_lowest", min(lowest, default=math.nan), NO_PEG)


def _deleveraging(sheet: Sheet, trace: Trace, begin_s: float, end_s: float) -> None:
    times = by_exchange(trace.events["adl"], begin_s, end_s)
    backstop = by_exchange(of_backstops(trace.events["liquidations"]), begin_s, end_s)
    sheet.put("adl_waves", sum(len(waves(own)) for own in times.values()))
    delays = []
    for name, own in times.items():
        if name in backstop and own[-1] >= backstop[name][0]:
            first = backstop[name][0]
            delays.append(float(own[own >= first][0] - first))
    sheet.put("backstop_to_adl_seconds", min(delays, default=math.nan), "no deleveraging after a backstop")
    adl = within(trace.events["adl"], begin_s, end_s)
    lost = adl[adl["lost_hedge"].astype(bool)]
    sheet.put("lost_hedges", _accounts(trace, lost))
    sheet.put("hedged_deleveraged", _accounts(trace, adl[adl["kind"].isin(HEDGED)]))
    _emptied(sheet, trace, begin_s, end_s)


def _accounts(trace: Trace, events: pd.DataFrame) -> int:
    """Return how many accounts, each on its exchange, are in a table of events."""
    return len(set(zip(events["instrument"].map(trace.exchange_of), events["account"], strict=True)))


def _emptied(sheet: Sheet, trace: Trace, begin_s: float, end_s: float) -> None:
    """Note how far open interest (USD at marks) fell on the exchange that deleveraged most, from P0 on."""
    inside = (trace.time_s > begin_s) & (trace.time_s <= end_s)
    where = np.array([trace.exchanges.index(trace.exchange_of(item)) for item in trace.instruments])
    closed = np.bincount(where, trace.by_instrument["adl"][inside].sum(axis=0), len(trace.exchanges))
    name = "open_interest_change_adl_venue"
    if not closed.any():
        sheet.put(name, math.nan, "nothing was auto-deleveraged")
        return
    here = where == int(np.argmax(closed))
    held = np.nansum((trace.by_instrument["open_interest"] * trace.by_instrument["mark"])[:, here], axis=1)
    before = float(last_known(trace.time_s, held, np.array([begin_s]))[0])
    lowest = float(held[inside].min())
    sheet.put(name, 100.0 * (lowest / before - 1.0) if before > 0.0 else math.nan, "no open interest at P0")


def _outage(sheet: Sheet, trace: Trace, scenario: "Scenario") -> None:
    """Note how the main price moved in the 15 minutes from the start of the longest outage of the crash."""
    outages = within(trace.events["outages"], scenario.crash.start_s, scenario.crash.end_s)
    share = "rebound_after_outage_share"
    if len(outages) == 0:
        sheet.put("rebound_after_outage", math.nan, "no exchange was out")
        sheet.put(share, math.nan, "no exchange was out")
        return
    length = outages["end_s"].fillna(trace.time_s[-1]) - outages["time_s"]
    start = float(outages["time_s"].iloc[int(np.argmax(length))])
    last = trace.instrument("last", scenario.main_instrument)
    before, after = last_known(trace.time_s, last, np.array([start, start + REBOUND_S]))
    move = 100.0 * (after / before - 1.0) if start + REBOUND_S <= trace.time_s[-1] else math.nan
    sheet.put("rebound_after_outage", move, "the run ends before")
    path = price_path(trace, scenario.main_instrument)
    fall = fall_in(path, scenario.crash.start_s, scenario.crash.end_s)
    legs = split_legs(path, fall) if fall is not None else ()
    depth = legs[1].start_price - legs[1].low_price if len(legs) > 1 else math.nan
    sheet.put(share, move / 100.0 * float(before) / depth, "the fall was one leg, or the run ends before")


def venue_details(trace: Trace, scenario: "Scenario") -> dict[str, float]:
    """Return what each exchange went through (``metric@exchange``), and withdrawals (``withdrawals@reason``).

    Names and units of the former are those of `experiments.metrics.VENUE_METRICS`.
    """
    result: dict[str, float] = {}
    for name in trace.exchanges:
        result |= {f"{metric}@{name}": value for metric, value in _exchange(trace, scenario, name).items()}
    left = within(trace.events["maker_withdrawals"], scenario.crash.start_s, scenario.crash.end_s)
    counts = left["reason"].value_counts()
    return result | {f"withdrawals@{reason}": float(counts[reason]) for reason in sorted(counts.index)}


def _exchange(trace: Trace, scenario: "Scenario", name: str) -> dict[str, float]:
    begin_s, end_s = scenario.crash.start_s, scenario.crash.end_s
    inside = (trace.time_s > begin_s) & (trace.time_s <= end_s)
    here = np.array([trace.exchange_of(item) == name for item in trace.instruments])

    def total(series: str) -> float:
        return float(trace.by_instrument[series][inside][:, here].sum())

    def of_exchange(table: str, column: str = "exchange") -> pd.DataFrame:
        events = within(trace.events[table], begin_s, end_s)
        where = events[column] if column == "exchange" else events[column].map(trace.exchange_of)
        return events[where == name]

    fund = trace.world.get(f"insurance_fund@{name}")
    before, after = (math.nan, math.nan)
    if fund is not None:
        before, after = last_known(trace.time_s, fund, np.array([begin_s, end_s])).tolist()
    outages = of_exchange("outages")
    lasted = np.minimum(outages["end_s"].fillna(end_s), end_s) - outages["time_s"]
    refused = trace.events["refused"]
    coins = [coin for coin in trace.pegged if trace.exchange_of(coin) == name]
    adl = of_exchange("adl", "instrument")["time_s"].to_numpy(np.float64)
    return {
        "fall": _fall(trace, scenario.main_instrument, name, begin_s, inside),
        "alt_fall": _fall(trace, scenario.alt_instrument, name, begin_s, inside),
        "forced": (total("liquidated_long") + total("liquidated_short")) / 1e6,
        "adl": total("adl") / 1e6,
        "adl_waves": float(len(waves(adl))),
        "fund_change": (after - before) / 1e6,
        "fund_change_share": after / before - 1.0 if before > 0.0 else math.nan,
        "makers_withdrawn": float(len(of_exchange("maker_withdrawals", "instrument"))),
        "outage_minutes": float(lasted.sum()) / MINUTE_S,
        "halts": float(len(of_exchange("halts"))),
        "refused": float(refused["orders"][refused["exchange"] == name].sum()),
        "collateral_lowest": min((float(peg(trace, coin)[inside].min()) for coin in coins), default=math.nan),
    }


def _fall(
    trace: Trace, instrument: str | None, exchange: str, begin_s: float, inside: npt.NDArray[np.bool_]
) -> float:
    """Return by how many percent of its price at P0 a coin fell to its low on an exchange."""
    listed = None if instrument is None else listing(trace, trace.asset_of(instrument), exchange)
    if listed is None or not inside.any():
        return math.nan
    at_p0 = last_known(trace.time_s, trace.instrument("last", listed), np.array([begin_s]))[0]
    return float(100.0 * (1.0 - trace.instrument("low", listed)[inside].min() / at_p0))
