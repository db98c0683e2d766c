"""How far a market moves with an outside asset (an equity index): beta, its share of a fall, correlation."""

from dataclasses import dataclass

import numpy as np

from abm.measures.fall import Fall
from abm.measures.legs import Leg
from abm.measures.price_path import DAY_S, Floats, PricePath
from abm.measures.sampling import last_known

AROUND_S = 20.0 * DAY_S
INTRADAY_AFTER_S = 5400.0
LEAST_PAIRS = 10


@dataclass(frozen=True)
class BetaShare:
    """The part of a fall that the asset's beta to a reference explains.

    Attributes
    ----------
    share
        beta times the reference's return over the return of the asset: 1 explains the whole fall, 0 nothing.
    share_error
        Standard error of the share, from that of beta.
    beta, correlation, pairs
        Least-squares slope of the asset's log returns on the reference's, their correlation, how many pairs.
    asset_return, reference_return
        Log returns over the leg (or the worst day).
    sampling_s
        Length of one return, seconds.
    """

    share: float
    share_error: float
    beta: float
    correlation: float
    pairs: int
    asset_return: float
    reference_return: float
    sampling_s: float


@dataclass(frozen=True)
class PairedReturns:
    """Log returns of two series over the same intervals: ends in seconds, returns, all of one length."""

    end_s: Floats
    asset: Floats
    reference: Floats
    sampling_s: float

    def within(self, from_s: float, to_s: float) -> "PairedReturns":
        """Return the pairs whose interval ends in ``(from_s, to_s]``."""
        keep = (self.end_s > from_s) & (self.end_s <= to_s)
        return PairedReturns(self.end_s[keep], self.asset[keep], self.reference[keep], self.sampling_s)

    @property
    def correlation(self) -> float:
        """Return the correlation of the pairs; nan for fewer than three or when one of them does not move."""
        if len(self.asset) < 3 or np.ptp(self.asset) == 0.0 or np.ptp(self.reference) == 0.0:
            return float("nan")
        return float(np.corrcoef(self.asset, self.reference)[0, 1])


def paired_returns(asset: PricePath, reference: PricePath) -> PairedReturns:
    """Return log returns of both series over the intervals of the coarser one.

    The finer series gives its last price known at each end, if it is no older than one interval. Within a
    day, an interval across a closed market is left out; daily returns run from one trading day to the next.
    """
    coarse, fine = (reference, asset) if reference.step_s >= asset.step_s else (asset, reference)
    step = coarse.step_s
    other = last_known(fine.time_s, fine.close, coarse.time_s, max_age_s=step)
    pair = {id(coarse): coarse.close, id(fine): other}
    ends, known = coarse.time_s, np.isfinite(other)
    ends, a, r = ends[known], pair[id(asset)][known], pair[id(reference)][known]
    unbroken = np.diff(ends) <= (1.5 * step if step < DAY_S else 5.0 * step)
    return PairedReturns(
        ends[1:][unbroken], np.diff(np.log(a))[unbroken], np.diff(np.log(r))[unbroken], float(step)
    )


def beta_share(asset: PricePath, reference: PricePath, fall: Fall, leg: Leg) -> BetaShare | None:
    """Return the share of the worst leg explained by beta to ``reference``; None where they do not overlap.

    With intraday bars of the reference over the leg: its return from the start of the leg to the end of the
    interval with the leg's low, against the leg. With daily ones: both returns of the day on which the asset
    fell most, of the days from the start of the event to its low. Beta is that of all pairs from 20 days
    before the start of the event to 90 minutes after it (daily: 20 days after it).
    """
    pairs = paired_returns(asset, reference)
    if pairs.sampling_s < DAY_S:
        span = last_known(
            reference.time_s, reference.close, np.array([leg.start_s, leg.low_s]), max_age_s=pairs.sampling_s
        )
        moves = float(np.log(leg.low_price / leg.start_price)), float(np.log(span[1] / span[0]))
        after_s = max(INTRADAY_AFTER_S, fall.low_s - fall.start_s)
    else:
        days = pairs.within(fall.start_s, fall.low_s + pairs.sampling_s)
        if len(days.asset) == 0:
            return None
        worst = int(np.argmin(days.asset))
        moves = float(days.asset[worst]), float(days.reference[worst])
        after_s = AROUND_S
    around = pairs.within(fall.start_s - AROUND_S, fall.start_s + after_s)
    if len(around.asset) < LEAST_PAIRS or not np.isfinite(moves[1]) or np.ptp(around.reference) == 0.0:
        return None
    return _share(around, *moves)


def _share(pairs: PairedReturns, asset_return: float, reference_return: float) -> BetaShare:
    x = pairs.reference - pairs.reference.mean()
    y = pairs.asset - pairs.asset.mean()
    spread = float(x @ x)
    beta = float(x @ y) / spread
    residual = y - beta * x
    error = float(np.sqrt(residual @ residual / (len(x) - 2) / spread))
    scale = reference_return / asset_return
    return BetaShare(
        share=beta * scale,
        share_error=error * abs(scale),
        beta=beta,
        correlation=pairs.correlation,
        pairs=len(x),
        asset_return=asset_return,
        reference_return=reference_return,
        sampling_s=pairs.sampling_s,
    )


def correlation_jump(asset: PricePath, reference: PricePath, fall: Fall) -> tuple[float, float]:
    """Return the correlation with ``reference`` before and during the event (nan where unknown).

    Intraday: the whole days before that of the event (at most 20), and 90 minutes from its start. Daily:
    everything until 20 days before the start, and the 20 days either side of it.
    """
    pairs = paired_returns(asset, reference)
    if pairs.sampling_s < DAY_S:
        midnight = float(np.floor(fall.start_s / DAY_S) * DAY_S)
        before = pairs.within(midnight - AROUND_S, midnight)
        during = pairs.within(fall.start_s, fall.start_s + INTRADAY_AFTER_S)
    else:
        before = pairs.within(-np.inf, fall.start_s - AROUND_S)
        during = pairs.within(fall.start_s - AROUND_S, fall.start_s + AROUND_S)
    return before.correlation, during.correlation
