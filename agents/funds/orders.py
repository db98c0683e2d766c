"""Orders of a cross-margin fund: legs towards the share of the book it wants, coins for what it owes."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.instruments import SPOT
from agents.crowd import Row, lots_for, take_within
from agents.funds.book import DUST


@kernel
def work(
    t: Row,
    p: Row,
    legs: Records,
    deepest: npt.NDArray[np.int64],
    goal: float,
    shed: float,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    interval_s: float,
) -> None:
    """Trade every leg towards ``goal`` of the book; who sheds deepest legs first stops at ``shed`` USD."""
    limited = t.deep_first != 0 and 0.0 < shed < t.gross_usd
    only_sheds = shed > 0.0
    for i in deepest:
        leg = legs[i]
        held = position[i, t.account]
        if leg.book == 0 and held == 0:
            continue
        gap = int(leg.book * goal) - held
        unit = instruments[i].lot * view[i].screen
        reduces = gap * held < 0
        if only_sheds and not reduces:
            continue
        if abs(gap) <= DUST * abs(leg.book):
            continue
        most = lots_for(
            p.clip_over_depth * leg.depth_usd * interval_s / 60.0, view[i].screen, instruments[i].lot
        )
        lots = min(abs(gap), max(1, most))
        if limited:
            lots = min(lots, math.ceil(max(0.0, shed) / unit))
            shed -= lots * unit
        if lots > 0:
            side = BUY if gap > 0 else SELL
            flags = REDUCE_ONLY if reduces else 0
            take_within(
                messages, counters, when, t.account, i, instruments[i], side, lots, view[i].screen,
                p.slippage, flags,
            )  # fmt: skip


@kernel
def repay(
    t: Row,
    p: Row,
    legs: Records,
    view: Records,
    instruments: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    collateral_value: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
    interval_s: float,
) -> None:
    """Sell the largest holding of coins for debt beyond what fund ``t`` bears, and for what is asked back."""
    owed = t.called_usd - cash[t.account] / 1e6 - t.debt_limit * max(0.0, t.equity_usd)
    if owed <= 0.0:
        return
    chosen = -1
    largest = 0.0
    for i in range(len(instruments)):
        counted = position[i, t.account] * (collateral_value[i] / 1e6)
        if instruments[i].kind == SPOT and counted > largest:
            chosen, largest = i, counted
    if chosen < 0:
        return
    usd = owed * (1.0 - math.exp(-interval_s / p.cut_s))
    usd = min(usd, p.clip_over_depth * legs[chosen].depth_usd * interval_s / 60.0)
    lots = min(position[chosen, t.account], lots_for(usd, view[chosen].mid, instruments[chosen].lot))
    if lots > 0:
        take_within(
            messages, counters, when, t.account, chosen, instruments[chosen], SELL, lots, view[chosen].screen,
            p.slippage, REDUCE_ONLY,
        )  # fmt: skip
