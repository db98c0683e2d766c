"""Funding of perpetuals: rate and payment.

Rate (Binance, and most others): ``F = [P + clamp(I - P, -0.05 %, +0.05 %)] / (8 / N)`` for an interval of N
hours, with P the average premium of the interval (weights 1..n in time: Binance 8 h; equal: 1 h symbols) and
I = 0.01 % per 8 h; then held within a cap (0.75 x maintenance rate for majors, 2 % for others).

* Hyperliquid (docs, Funding): N = 1, samples each 5 s with equal weights, cap 4 % an hour, paid on size times
  the *oracle* price.
* dYdX v4 (funding.mdx at 3e475b73): N = 1, samples each 60 s with equal weights, no clamp and no I, ``F = P /
  8 + interest`` with interest 0 for cross and 0.125 bp an hour for isolated markets, cap 600 % of (initial -
  maintenance fraction) on the eight-hour rate, paid on the oracle price.

The payment is rate times notional at the mark or, where the rule says so, at the oracle.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.instruments import PERPETUAL
from abm.ledger.accounts import INSURANCE_FUND
from abm.ledger.ledger import Ledger
from abm.ledger.settlement import Amounts, Small
from abm.ledger.valuation import mark_values
from abm.rules.funding_cap import capped
from abm.rules.premium import impact_notional as impact_notional
from abm.rules.premium import impact_price as impact_price
from abm.rules.premium import premium_index, premium_or_extreme

Floats = npt.NDArray[np.float64]
NANOSECONDS = 1_000_000_000
BILLION = 1_000_000_000


@dataclass
class FundingState:
    """Premium collected since the last funding, the rates in force, and when what is due next."""

    weighted: Floats  # sum of weight x premium, (instruments,)
    weight: float
    samples: int
    rate: Floats  # fraction of notional paid at the last funding, (instruments,)
    next_sample_ns: int
    next_funding_ns: int


def funding_rate_8h(premium: npt.ArrayLike, interest: float = 0.0001, clamp: float = 0.0005) -> Floats:
    """Return ``P + clamp(I - P, -clamp, +clamp)``: 0.95 % for a premium of 1 %, I from -0.04 % to 0.06 %."""
    average = np.asarray(premium, np.float64)
    return average + np.clip(interest - average, -clamp, clamp)


def funding_rate_of_interval(
    premium: npt.ArrayLike, hours: npt.ArrayLike, interest: float = 0.0001, clamp: float = 0.0005
) -> Floats:
    """Return the rate of an interval of so many hours: the eight-hour rate over ``8 / hours``.

    Raises
    ------
    ValueError
        If ``hours`` is not above zero.
    """
    interval = np.asarray(hours, np.float64)
    if not (interval > 0.0).all():
        raise ValueError(f"hours is {interval.tolist()}; it must be above zero")
    return funding_rate_8h(premium, interest, clamp) * interval / 8.0


def funding_payment(
    size: npt.ArrayLike, price: npt.ArrayLike, rate: npt.ArrayLike, cap: npt.ArrayLike = np.inf
) -> Floats:
    """Return what a position pays: signed size times price times rate within ``+-cap``; below 0 it receives.

    ``price`` is the mark on Binance and the oracle on Hyperliquid and dYdX.
    """
    paid: Floats = np.asarray(size, np.float64) * np.asarray(price, np.float64) * capped(rate, cap)
    return paid


@dataclass(frozen=True)
class FundingRule:
    """How the funding rate is made.

    Parameters
    ----------
    interval_hours
        Hours between payments.
    sample_interval_s
        Seconds between premium samples; a longer step counts as several equal samples.
    interest
        Interest component per 8 hours.
    clamp
        Bound of ``interest - premium`` per 8 hours.
    weights
        ``"linear"`` (later samples count more) or ``"equal"``.
    missing_side
        Premium when the book cannot fill the impact notional on one side: ``"zero"`` contribution of that
        side (dYdX v4), or ``"maximum"``: ``extreme_premium`` upward when only bids are there (Mango v4).
    extreme_premium
        See ``missing_side``.
    flat_interest
        Added to the rate of each interval after the clamp (dYdX isolated markets: 0.0000125 an hour).
    paid_on
        The price behind the notional: ``"mark"`` or ``"oracle"``.
    """

    interval_hours: float = 8.0
    sample_interval_s: float = 5.0
    interest: float = 0.0001
    clamp: float = 0.0005
    weights: Literal["linear", "equal"] = "linear"
    missing_side: Literal["zero", "maximum"] = "zero"
    extreme_premium: float = 0.02
    flat_interest: float = 0.0
    paid_on: Literal["mark", "oracle"] = "mark"

    def __post_init__(self) -> None:
        for name in ("interval_hours", "sample_interval_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")
        for name in ("clamp", "extreme_premium"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        choices = (
            ("weights", ("linear", "equal")),
            ("missing_side", ("zero", "maximum")),
            ("paid_on", ("mark", "oracle")),
        )
        for name, allowed in choices:
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(allowed)}")

    def premium(self, index: Floats, impact_bid: Floats, impact_ask: Floats) -> Floats:
        """Return the premium of each instrument; nan impact prices mean that the side is too thin."""
        if self.missing_side == "maximum":
            return premium_or_extreme(index, impact_bid, impact_ask, self.extreme_premium)
        return premium_index(index, impact_bid, impact_ask)

    def start(self, instruments: int, now_ns: int = 0) -> FundingState:
        """Return an empty state: rates at the interest rate, the first funding one interval away."""
        rate = np.full(instruments, self.interest * self.interval_hours / 8.0 + self.flat_interest)
        first = now_ns + round(self.interval_hours * 3600 * NANOSECONDS)
        return FundingState(np.zeros(instruments), 0.0, 0, rate, now_ns, first)

    def observe(
        self, state: FundingState, now_ns: int, index: Floats, impact_bid: Floats, impact_ask: Floats
    ) -> None:
        """Take the premium samples that are due by ``now_ns``."""
        if now_ns < state.next_sample_ns:
            return
        spacing = round(self.sample_interval_s * NANOSECONDS)
        due = (now_ns - state.next_sample_ns) // spacing + 1
        weight = float(due)
        if self.weights == "linear":
            weight = due * state.samples + due * (due + 1) / 2
        state.weighted += weight * self.premium(index, impact_bid, impact_ask)
        state.weight += weight
        state.samples += due
        state.next_sample_ns += due * spacing

    def average_premium(self, state: FundingState) -> Floats:
        """Return the weighted average premium since the last funding; 0 before the first sample."""
        return state.weighted / max(state.weight, 1.0)

    def rate(self, average_premium: Floats, cap: Floats | float) -> Floats:
        """Return the funding rate for one interval, within ``+-cap``."""
        eighth = funding_rate_8h(average_premium, self.interest, self.clamp)
        return capped(eighth * self.interval_hours / 8.0 + self.flat_interest, cap)

    def due(self, state: FundingState, now_ns: int, cap: Floats | float) -> int:
        """Return how many payments are due by ``now_ns``; if any, set the rate and start a new average."""
        if now_ns < state.next_funding_ns:
            return 0
        interval = round(self.interval_hours * 3600 * NANOSECONDS)
        payments = (now_ns - state.next_funding_ns) // interval + 1
        state.rate = self.rate(self.average_premium(state), cap)
        state.weighted = np.zeros_like(state.weighted)
        state.weight, state.samples = 0.0, 0
        state.next_funding_ns += payments * interval
        return payments

    def hours_to_funding(self, state: FundingState, now_ns: int) -> float:
        """Return the hours until the next funding."""
        return (state.next_funding_ns - now_ns) / (3600 * NANOSECONDS)


@kernel
def _pay(
    rate_ppb: Amounts,
    mark_value: Amounts,
    cash: Amounts,
    position: Amounts,
    isolated_margin: Amounts,
    isolated: Small,
    paid: Amounts,
) -> None:
    for i in range(position.shape[0]):
        rate = abs(rate_ppb[i])
        if rate == 0 or mark_value[i] == 0:
            continue
        remainder = mark_value[i] * 0
        for a in range(position.shape[1]):
            lots = position[i, a]
            if lots == 0:
                continue
            value = abs(lots) * mark_value[i]
            billions = value // BILLION
            rest = (value - billions * BILLION) * rate
            if (lots > 0) != (rate_ppb[i] > 0):
                received = billions * rate + rest // BILLION
                cash[0, a] += received
                remainder -= received
                continue
            owed = billions * rate + (rest + BILLION - 1) // BILLION
            remainder += owed
            paid[i] += owed
            if isolated[i, a] != 0 and cash[0, a] < owed:
                from_margin = min(owed - max(0, cash[0, a]), isolated_margin[i, a])
                isolated_margin[i, a] -= from_margin
                owed -= from_margin
            cash[0, a] -= owed
        cash[0, INSURANCE_FUND] += remainder


def pay_funding(ledger: Ledger, mark_ticks: Amounts, rate: Floats) -> Amounts:
    """Move funding between longs and shorts of every perpetual: longs pay where the rate is positive.

    Payers pay rounded up, receivers get rounded down, and what is left (less than a millionth for each
    account) goes to the insurance fund. An isolated position whose account lacks the cash pays from its
    margin, which moves its liquidation price.

    Parameters
    ----------
    mark_ticks
        Mark price, ticks, int64 ``(instruments,)``.
    rate
        Fraction of notional for this payment, float ``(instruments,)``, taken to nine decimals.

    Returns
    -------
    Millionths paid for each instrument, int64 ``(instruments,)``.
    """
    paid = np.zeros(len(rate), np.int64)
    perpetual = ledger.instruments["kind"] == PERPETUAL
    ppb: Amounts = np.where(perpetual, np.rint(rate * BILLION), 0).astype(np.int64)
    _pay(
        ppb, mark_values(ledger.instruments, mark_ticks), ledger.cash, ledger.position,
        ledger.isolated_margin, ledger.isolated, paid,
    )  # fmt: skip
    return paid
