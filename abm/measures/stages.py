"""The six stages of a cascade, found from a run's own series and events by stated rules.

Trigger, price move, liquidity withdrawal, liquidity void, cross-margin failure, auto-deleveraging: the order
in which the crash of October 2025 is told. Each rule looks at what the run left and at nothing else, so a
stage that did not happen is not found. Calm is everything up to P0. All times are seconds since the start of
the run; a step is seen at its end.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.measures.sampling import grid, last_known, standard_deviation
from abm.trace import Trace

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STAGES: dict[str, str] = {
    "trigger": "trigger",
    "price_move": "price move",
    "withdrawal": "liquidity withdrawal",
    "void": "liquidity void",
    "cross_margin": "cross-margin failure",
    "adl": "auto-deleveraging",
}
"""Stages in their usual order, with their names in words."""

SAMPLING_S = 300.0
OVER_S = 300.0
TRIGGER_DEVIATIONS = 6.0
PRICE_DEVIATIONS = 5.0
WITHDRAWN_DEPTH = 0.5
WITHDRAWN_MAKERS = 1.0 / 3.0
CALM_SHARE = 0.99
WITHDRAWN_HOLD_S = 60.0
VOID_DEPTH = 0.1
VOID_HOLD_S = 10.0
CROSS_ACCOUNTS = 3
CROSS_WINDOW_S = 300.0
BROKEN_PEG = 0.02
PEG_HOLD_S = 60.0
WAVE_GAP_S = 60.0
BACKSTOPS = ("backstop", "takeover")
COLLATERAL_SOLD = "collateral sold"


@dataclass(frozen=True)
class Stage:
    """When a stage begins and ends, seconds; ``end_s`` is nan when it lasts beyond the window."""

    start_s: float
    end_s: float


def first_spell(time_s: Floats, holds: Flags, hold_s: float) -> Stage | None:
    """Return the first stretch in which a condition holds for at least ``hold_s``.

    It is over when the condition has stopped and stays away for `OVER_S` (five minutes), and ends where it
    stopped. A step stands for the time since the step before.
    """
    if time_s.size == 0:
        return None
    edges = np.flatnonzero(np.diff(np.concatenate(([False], holds, [False])))).reshape(-1, 2)
    begins = np.concatenate((time_s[:1], time_s))  # when the step before ended
    found = None
    for first, after in edges:
        end_s = float(time_s[after]) if after < time_s.size else np.nan
        if found is not None and time_s[first] - found.end_s < OVER_S:
            found = Stage(found.start_s, end_s)
        elif found is not None:
            break
        elif time_s[after - 1] - begins[first] >= hold_s:
            found = Stage(float(time_s[first]), end_s)
    return found


def calm_deviation(time_s: Floats, price: Floats, zero_s: float) -> float:
    """Return the standard deviation of five-minute log returns up to P0; nan with fewer than two."""
    times = grid(float(time_s[0]), zero_s, SAMPLING_S)
    returns = np.diff(np.log(last_known(time_s, price, times)))
    return standard_deviation(returns[np.isfinite(returns)])


def trigger(time_s: Floats, value: Floats, zero_s: float, end_s: float) -> Stage | None:
    """Find the news: the fundamental value of the main coin moves, either way, as the calm never does.

    The log change of value over five minutes exceeds `TRIGGER_DEVIATIONS` (6) calm standard deviations of
    such changes. It ends when the change is back within.

    Parameters
    ----------
    time_s, value
        End of each step, and the value then, USD.
    zero_s, end_s
        P0 and end of the search.
    """
    change = np.abs(np.log(value / last_known(time_s, value, np.maximum(time_s - SAMPLING_S, time_s[0]))))
    moved = change > TRIGGER_DEVIATIONS * calm_deviation(time_s, value, zero_s)
    inside = (time_s > zero_s) & (time_s <= end_s)
    return first_spell(time_s[inside], moved[inside], 0.0)


def price_move(time_s: Floats, price: Floats, zero_s: float, end_s: float) -> Stage | None:
    """Find the fall: the price is farther below P0 than the calm goes in the time since.

    Farther than `PRICE_DEVIATIONS` (5) calm standard deviations of five-minute log returns, times the root of
    the number of five-minute intervals since P0 (at least one). It ends at the lowest price.
    """
    inside = (time_s > zero_s) & (time_s <= end_s)
    after = time_s[inside]
    fall = -np.log(price[inside] / last_known(time_s, price, np.array([zero_s]))[0])
    intervals = np.maximum((after - zero_s) / SAMPLING_S, 1.0)
    bound = PRICE_DEVIATIONS * calm_deviation(time_s, price, zero_s) * np.sqrt(intervals)
    beyond = np.flatnonzero(fall > bound)
    if beyond.size == 0:
        return None
    return Stage(float(after[beyond[0]]), float(after[max(int(np.argmax(fall)), int(beyond[0]))]))


def withdrawal(
    time_s: Floats, depth: Floats, quoting: Floats | None, zero_s: float, end_s: float
) -> Stage | None:
    """Find when liquidity leaves: the book is half gone, or a third of the makers are.

    Depth within 1 % of the mid, both sides of the main book together, is below `WITHDRAWN_DEPTH` (1/2) of its
    calm median and below what `CALM_SHARE` (99 %) of the calm showed, or the share of makers that quote is
    more than `WITHDRAWN_MAKERS` (1/3) below its own median, for `WITHDRAWN_HOLD_S` (60 s).

    Parameters
    ----------
    depth
        USD, both sides.
    quoting
        Share of makers that quote; None where it is not known.
    """
    calm, inside = time_s <= zero_s, (time_s > zero_s) & (time_s <= end_s)
    rare = float(np.quantile(depth[calm], 1.0 - CALM_SHARE))
    gone = depth < min(WITHDRAWN_DEPTH * float(np.median(depth[calm])), rare)
    if quoting is not None:
        gone |= quoting < (1.0 - WITHDRAWN_MAKERS) * np.median(quoting[calm])
    return first_spell(time_s[inside], gone[inside], WITHDRAWN_HOLD_S)


def void(time_s: Floats, bids: Floats, asks: Floats, zero_s: float, end_s: float) -> Stage | None:
    """Find when one side of the main book is as good as empty.

    Depth within 1 % of the mid on one side is below `VOID_DEPTH` (10 %) of that side's calm median, which an
    empty side is, for `VOID_HOLD_S` (10 s).
    """
    calm, inside = time_s <= zero_s, (time_s > zero_s) & (time_s <= end_s)
    empty = np.zeros(time_s.shape, np.bool_)
    for side in (bids, asks):
        empty |= np.nan_to_num(side) < VOID_DEPTH * np.median(side[calm])
    return first_spell(time_s[inside], empty[inside], VOID_HOLD_S)


def cross_margin_closures(liquidations: pd.DataFrame) -> Floats:
    """Return when accounts lost positions that margined each other, one time for each account, rising.

    An account counts when two or more of its instruments were closed within `CROSS_WINDOW_S` (five minutes),
    at the second of them, or when its collateral was sold.

    Parameters
    ----------
    liquidations
        Columns ``time_s``, ``account``, ``instrument``, ``how``.
    """
    rows = pd.DataFrame(
        {
            "time_s": liquidations["time_s"].astype(float),
            "owner": exchange_names(liquidations) + " " + liquidations["account"].astype(str),
            "instrument": liquidations["instrument"],
            "sold": liquidations["how"] == COLLATERAL_SOLD,
        }
    ).sort_values("time_s", kind="stable")
    times = [float(time) for time in rows[rows["sold"]].groupby("owner")["time_s"].min()]
    several = rows.groupby("owner")["instrument"].nunique()
    for _, own in rows[rows["owner"].isin(several.index[several > 1])].groupby("owner", sort=False):
        time, instrument = own["time_s"].to_numpy(), own["instrument"].to_numpy()
        changed = (instrument[1:] != instrument[:-1]) & (np.diff(time) <= CROSS_WINDOW_S)
        if changed.any():
            times.append(float(time[1:][changed][0]))
    return np.sort(np.array(times))


def cross_margin(
    closures: Floats, time_s: Floats, pegs: list[Floats], zero_s: float, end_s: float
) -> Stage | None:
    """Find when margin shared between positions fails, or the collateral behind it loses its price.

    `CROSS_ACCOUNTS` (3) accounts lose positions that margined each other within `CROSS_WINDOW_S` (five
    minutes), or a collateral coin trades more than `BROKEN_PEG` (2 %) below its conversion value for
    `PEG_HOLD_S` (60 s). It ends with the last such closure, or when the peg is back, whichever is later.

    Parameters
    ----------
    closures
        Times from `cross_margin_closures`.
    time_s, pegs
        End of each step, and for each pegged coin on each exchange its price over its conversion value.
    """
    found = []
    own = closures[(closures > zero_s) & (closures <= end_s)]
    last, first = own[CROSS_ACCOUNTS - 1 :], own[: max(own.size - CROSS_ACCOUNTS + 1, 0)]
    crowded = np.flatnonzero(last - first <= CROSS_WINDOW_S)
    if crowded.size:
        found.append(Stage(float(own[crowded[0]]), float(own[-1])))
    inside = (time_s > zero_s) & (time_s <= end_s)
    for peg in pegs:
        broken = first_spell(time_s[inside], peg[inside] < 1.0 - BROKEN_PEG, PEG_HOLD_S)
        if broken is not None:
            found.append(broken)
    if not found:
        return None
    ends = [stage.end_s for stage in found]
    return Stage(min(stage.start_s for stage in found), float(np.max(ends)))


def waves(times: Floats, gap_s: float = WAVE_GAP_S) -> list[Stage]:
    """Return stretches of events less than ``gap_s`` apart, in order."""
    if times.size == 0:
        return []
    ordered = np.sort(times)
    cuts = np.flatnonzero(np.diff(ordered) >= gap_s) + 1
    return [Stage(float(part[0]), float(part[-1])) for part in np.split(ordered, cuts)]


def deleveraging(adl: pd.DataFrame, liquidations: pd.DataFrame, zero_s: float, end_s: float) -> Stage | None:
    """Find auto-deleveraging: its first wave after the backstop of the same exchange had taken positions.

    Where no backstop acts before any wave, the first wave. A wave ends when `WAVE_GAP_S` (60 s) pass without
    an event; the stage ends with the last wave.

    Parameters
    ----------
    adl, liquidations
        Tables of events, columns ``time_s``, ``instrument`` and, of the second, ``how``.
    """
    starts, ends = [], []
    for exchange, times in by_exchange(adl, zero_s, end_s).items():
        backstop = by_exchange(of_backstops(liquidations), zero_s, end_s).get(exchange, np.zeros(0))
        own = waves(times)
        later = [wave for wave in own if backstop.size and wave.end_s >= backstop.min()]
        first = later[0] if later else own[0]
        starts.append(max(first.start_s, float(backstop.min())) if later else first.start_s)
        ends.append(own[-1].end_s)
    return Stage(min(starts), max(ends)) if starts else None


def of_backstops(liquidations: pd.DataFrame) -> pd.DataFrame:
    """Return the forced closures in which a vault or fund took the position."""
    return liquidations[liquidations["how"].isin(BACKSTOPS)]


def exchange_names(events: pd.DataFrame) -> pd.Series:
    """Return the exchange of each event, as its instrument says it (the empty name for the hub)."""
    names = [str(name).partition("@")[2] for name in events["instrument"]]
    return pd.Series(names, events.index, dtype=str)


def by_exchange(events: pd.DataFrame, zero_s: float, end_s: float) -> dict[str, Floats]:
    """Return exchange (the empty name for the hub) -> times of its events in the window, rising."""
    chosen = events[(events["time_s"] > zero_s) & (events["time_s"] <= end_s)]
    times = chosen["time_s"].groupby(exchange_names(chosen))
    return {str(name): np.sort(own.to_numpy(np.float64)) for name, own in times}


def find_stages(trace: Trace, main: str, zero_s: float, end_s: float) -> dict[str, Stage]:
    """Return the stages that a run went through, by the names of `STAGES`; those not found are left out.

    Parameters
    ----------
    trace
        The run.
    main
        Main instrument, such as ``"BTC-PERP"``.
    zero_s, end_s
        P0 and end of the window, seconds since the start.
    """
    time_s = trace.time_s
    bids, asks = (np.nan_to_num(trace.instrument(name, main)) for name in ("depth_bid", "depth_ask"))
    value = trace.by_asset["value"][:, trace.assets.index(trace.asset_of(main))]
    liquidations = trace.events["liquidations"]
    pegs = [trace.instrument("last", coin) / trace.conversion_value(coin) for coin in trace.pegged]
    found = {
        "trigger": trigger(time_s, value, zero_s, end_s),
        "price_move": price_move(time_s, trace.instrument("last", main), zero_s, end_s),
        "withdrawal": withdrawal(time_s, bids + asks, trace.world.get("makers_quoting"), zero_s, end_s),
        "void": void(time_s, bids, asks, zero_s, end_s),
        "cross_margin": cross_margin(cross_margin_closures(liquidations), time_s, pegs, zero_s, end_s),
        "adl": deleveraging(trace.events["adl"], liquidations, zero_s, end_s),
    }
    return {name: stage for name, stage in found.items() if stage is not None}
