"""Auto-deleveraging: who is closed, in which order, for how much.

Rank of an account on the profitable side (Binance until 2025, still Aster's): ``max(0, UPNL) / max(1, WB) *
MM / (WB + UPNL)``, zero when ``WB + UPNL <= 0``; WB is the wallet balance of the wallet that backs the
position, MM its maintenance margin. BitMEX ranks by profit percentage times effective leverage (divided by
it for losers). The queue closes the highest rank first and whole; pro rata closes everybody by the same
share (Chitra 2025, arXiv 2512.01112: the unique fair rule under its axioms).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from abm.ledger.settlement import Amounts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AdlRule:
    """How a venue deleverages.

    Parameters
    ----------
    rank
        ``"binance"`` or ``"bitmex"``: the score that orders the queue (and breaks ties of a pro-rata split).
    allocation
        ``"queue"`` (highest score first) or ``"pro_rata"`` (everybody by the same share).
    """

    rank: Literal["binance", "bitmex"] = "binance"
    allocation: Literal["queue", "pro_rata"] = "queue"

    def __post_init__(self) -> None:
        for name, allowed in (("rank", ("binance", "bitmex")), ("allocation", ("queue", "pro_rata"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(allowed)}")


def adl_score(profit: Floats, wallet: Floats, maintenance: Floats) -> Floats:
    """Return Binance's score of unrealised profit, wallet and maintenance margin in settlement units."""
    equity = wallet + profit
    ratio = np.divide(maintenance, equity, out=np.zeros_like(equity, np.float64), where=equity > 0)
    score: Floats = np.maximum(0.0, profit) / np.maximum(1.0, wallet) * ratio
    return score


def adl_score_bitmex(side: Floats | int, entry: Floats, mark: Floats, bankruptcy: Floats) -> Floats:
    """Return BitMEX's score from entry, mark and bankruptcy price of a linear position (side +1 or -1).

    ``PnL% * L`` for winners and ``PnL% / L`` for losers, with ``PnL% = side * (mark - entry) / entry`` and
    effective leverage ``L = mark / |mark - bankruptcy|`` (support.bitmex.com, article 18589621443357).
    """
    gain = side * (mark - entry) / entry
    gearing = mark / np.maximum(np.abs(mark - bankruptcy), 1e-12)
    score: Floats = np.where(gain > 0, gain * gearing, gain / gearing)
    return score


def adl_order(score: Floats) -> npt.NDArray[np.intp]:
    """Return indices by falling score; equal scores keep their order."""
    return np.argsort(-score, kind="stable")


def adl_allocate(lots: int, available: Amounts) -> Amounts:
    """Take ``lots`` from a queue that offers ``available`` lots each, front first; return what each gives."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(available)[:-1]])
    taken: Amounts = np.clip(lots - before, 0, available)
    return taken


def adl_pro_rata(lots: int, available: Amounts) -> Amounts:
    """Take the same share from everybody, whole lots; the lots lost to rounding come from the front.

    Gives ``floor(available * lots / total)`` each, then one more lot each in order until ``lots`` are placed.
    """
    total = int(available.sum())
    if lots >= total:
        return available.copy()
    taken = np.array([int(a) * lots // total for a in available], np.int64)
    room = np.flatnonzero(available > taken)
    taken[room[: lots - int(taken.sum())]] += 1
    return taken
