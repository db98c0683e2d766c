"""Funding of perpetuals: premium, rate, payment.

Premium (Binance and most others): ``[max(0, impact bid - index) - max(0, index - impact ask)] / index``,
with impact prices the average execution price of a set notional (Binance: 200 USDT times the highest
leverage). Rate: ``F = [P + clamp(I - P, -0.05 %, +0.05 %)] / (8 / N)`` for an interval of N hours, with P
the average premium of the interval (weights 1..n in time: Binance 8 h; equal: 1 h symbols) and I = 0.01 %
per 8 h; then held within a cap (0.75 x maintenance rate for majors, 2 % for others). The payment is rate
times notional at the mark.
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


def impact_price(prices: Floats, sizes: Floats, notional: float) -> float:
    """Return the average execution price of ``notional`` against levels from the best on; nan if too thin."""
    value = prices * sizes
    before = np.cumsum(value) - value
    part = np.clip(notional - before, 0.0, value)
    if part.sum() < notional * (1.0 - 1e-12):
        return float("nan")
    return float(notional / (part / prices).sum())


def impact_notional(max_leverage: int, base: float = 200.0) -> float:
    """Return Binance's impact notional: 200 USDT over the lowest initial margin rate (25,000 at 125x)."""
    return base * max_leverage


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
    """

    interval_hours: float = 8.0
    sample_interval_s: float = 5.0
    interest: float = 0.0001
    clamp: float = 0.0005
    weights: Literal["linear", "equal"] = "linear"
    missing_side: Literal["zero", "maximum"] = "zero"
    extreme_premium: float = 0.02

    def __post_init__(self) -> None:
        for name in ("interval_hours", "sample_interval_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above zero")
        for name in ("clamp", "extreme_premium"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be zero or more")
        for name, allowed in (("weights", ("linear", "equal")), ("missing_side", ("zero", "maximum"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(allowed)}")

    def premium(self, index: Floats, impact_bid: Floats, impact_ask: Floats) -> Floats:
        """Return the premium of each instrument; nan impact prices mean that the side is too thin."""
        above = np.fmax(0.0, impact_bid - index)
        below = np.fmax(0.0, index - impact_ask)
        premium: Floats = (above - below) / index
        if self.missing_side == "maximum":
            bid, ask = np.isfinite(impact_bid), np.isfinite(impact_ask)
            premium = np.where(bid & ~ask, self.extreme_premium, premium)
            premium = np.where(ask & ~bid, -self.extreme_premium, premium)
        return np.nan_to_num(premium)

    def start(self, instruments: int, now_ns: int = 0) -> FundingState:
        """Return an empty state: rates at the interest rate, the first funding one interval away."""
        rate = np.full(instruments, self.interest * self.interval_hours / 8.0)
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
        premium = np.asarray(average_premium, np.float64)
        full = premium + np.clip(self.interest - premium, -self.clamp, self.clamp)
        return np.clip(full * self.interval_hours / 8.0, -np.asarray(cap), cap)

    def due(self, state: FundingState, now_ns: int, cap: Floats | float) -> int:
        """Return an empty state: rates at the interest rate, first funding one interval away."""
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
    perpetual = ledger.instruments.kind == PERPETUAL
    ppb: Amounts = np.where(perpetual, np.rint(rate * BILLION), 0).astype(np.int64)
    _pay(
        ppb, mark_values(ledger.instruments, mark_ticks), ledger.cash, ledger.position,
        ledger.isolated_margin, ledger.isolated, paid,
    )  # fmt: skip
    return paid
