"""The book of a cross-margin fund: what it is worth, which share of it is held, which is worked towards."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import kernel
from abm.instruments import SPOT
from agents.crowd import Row

DUST = 0.02
"""Gaps below this share of a leg are left alone."""


@kernel
def look_at_wallet(
    t: Row,
    view: Records,
    instruments: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    collateral_value: npt.NDArray[np.int64],
) -> None:
    """Write equity and gross position of fund ``t``, at the marks and the venue's prices of collateral.

    What a lender asks back counts as gone.
    """
    a = t.account
    equity = cash[a] / 1e6 - t.called_usd
    gross = 0.0
    for i in range(len(instruments)):
        lots = position[i, a]
        if lots == 0:
            continue
        if instruments[i].kind == SPOT:
            equity += lots * (collateral_value[i] / 1e6)
        else:
            value = lots * instruments[i].lot * view[i].mark
            gross += abs(value)
            equity += value - entry_value[i, a] / 1e6
    t.equity_usd = equity
    t.gross_usd = gross


@kernel
def rebalance(t: Row, legs: Records, view: Records, instruments: Records) -> None:
    """Set the book of fund ``t`` anew: its weights, at present prices, as large as its equity allows."""
    gross = min(t.most_usd, t.leverage * max(0.0, t.equity_usd))
    for i in range(len(legs)):
        leg = legs[i]
        if leg.weight != 0.0:
            leg.book = int(leg.weight * gross / (view[i].mid * instruments[i].lot))
    t.scale = 1.0
    t.share = 0.0


@kernel
def shares_held(
    t: Row, legs: Records, view: Records, instruments: Records, position: npt.NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return which share of its book fund ``t`` holds: of the long side, of the short side, of all."""
    book = np.zeros(2)
    held = np.zeros(2)
    for i in range(len(legs)):
        lots = legs[i].book
        if lots != 0:
            side = 0 if lots > 0 else 1
            unit = instruments[i].lot * view[i].mid
            book[side] += abs(lots) * unit
            held[side] += max(0, position[i, t.account] * (1 - 2 * side)) * unit
    total = book[0] + book[1]
    return (
        held[0] / book[0] if book[0] > 0.0 else 0.0,
        held[1] / book[1] if book[1] > 0.0 else 0.0,
        (held[0] + held[1]) / total if total > 0.0 else 0.0,
    )


@kernel
def wanted_share(
    t: Row,
    p: Row,
    legs: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    interval_s: float,
) -> tuple[float, float]:
    """Return the share of its book that fund ``t`` works towards, and how much it has to shed first, USD."""
    long_share, short_share, share = shares_held(t, legs, view, instruments, position)
    restores = t.hedged != 0 and t.rehedges != 0
    if share < min(t.share, t.scale) - DUST:  # closed by somebody else: own orders stop at the scale
        t.scale = min(t.scale, max(long_share, short_share) if restores else share)
    t.share = share
    shed = 0.0
    if t.gross_usd > t.limit * max(0.0, t.equity_usd):
        excess = t.gross_usd - t.leverage * max(0.0, t.equity_usd)
        shed = excess * (1.0 - math.exp(-interval_s / p.cut_s))
        t.scale = min(t.scale, share * (1.0 - shed / t.gross_usd))
    if t.hedged != 0 and abs(long_share - short_share) > p.uneven_limit:
        if restores:
            return min(t.scale, max(long_share, short_share)), shed
        t.scale = min(t.scale, min(long_share, short_share))
        shed = t.gross_usd
    return t.scale, shed
