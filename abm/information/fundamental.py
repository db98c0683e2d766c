r"""Fundamental values: what the assets are worth to those who look beyond the order book.

Log values follow one common factor and one own term each,

.. math:: d\log V_i = \beta_i \sigma(t)\, dF + \sqrt{1-\rho_i^2}\,\sigma_i(t)\, dW_i + \text{news},

with a stochastic volatility that is the exponential of two Ornstein-Uhlenbeck processes, one fast and one
slow: the two-component form that gives absolute returns a slowly decaying autocorrelation (LeBaron 2001,
"Stochastic volatility as a simple generator of apparent financial power laws and long memory", Quantitative
Finance 1, 621-631). A coin that is redeemed for another (a staked coin) has no process of its own: its value
keeps the ratio to its base that their first prices have.

Where the prices of a later moment are known, as those at the start of a crash are, values move up to it as
Brownian bridges: the run is drawn given those prices.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel
from abm.information.news import News
from abm.random_streams import normal, stream_key

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ValueProcess:
    """Parameters of the value process.

    Parameters
    ----------
    price_usd
        Values at the start, shape ``(assets,)``.
    volatility
        Standard deviation of log value per square root of a second in calm times, shape ``(assets,)``.
    factor_share
        Correlation of each asset with the common factor, 0 to 1, shape ``(assets,)``.
    base
        For each asset the one that it is redeemed for, by place, or -1; none when not given.
    known_at_s
        Time, seconds, at which values are known to be ``price_usd`` again, news apart; 0 where they are not.
    fast_s, slow_s
        Relaxation times of the two volatility components, seconds.
    fast_size, slow_size
        Their stationary standard deviations (of log volatility).
    """

    price_usd: Floats
    volatility: Floats
    factor_share: Floats
    fast_s: float = 1800.0
    slow_s: float = 86400.0
    fast_size: float = 0.45
    slow_size: float = 0.35
    base: npt.NDArray[np.int64] | None = None
    known_at_s: float = 0.0

    @property
    def redeemed(self) -> npt.NDArray[np.int64]:
        """Places of the assets that are redeemed for another."""
        return np.zeros(0, np.int64) if self.base is None else np.flatnonzero(self.base >= 0)


SHARED_DRAWS = ((0, 0), (0, 2), (1, 4), (99, 8))
"""Who and which, in the random stream: fast and slow volatility, common factor, outside equity index."""


@kernel
def draw_normals(key: np.uint64, index: int, who_which: npt.NDArray[np.int64], draws: Floats) -> None:
    """Write the standard normal draws of step ``index``, one for each row of ``who_which``."""
    for k in range(len(draws)):
        draws[k] = normal(key, who_which[k, 0], index, who_which[k, 1])


@dataclass
class Fundamentals:
    """State of the fundamental values and of the outside equity index.

    Attributes
    ----------
    log_value
        Log of each asset's value, shape ``(assets,)``.
    news_log_value
        Part of the change so far that came as news, shape ``(assets,)``.
    equity_index
        Outside equity index, 100 at the start.
    """

    process: ValueProcess
    news: tuple[News, ...]
    seed: int
    log_value: Floats = field(init=False)
    news_log_value: Floats = field(init=False)
    equity_index: float = field(default=100.0, init=False)
    volatility_factor: float = field(default=1.0, init=False)
    _fast: float = field(default=0.0, init=False)
    _slow: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._log_known = np.log(self.process.price_usd)
        self.log_value = self._log_known.copy()
        self.news_log_value = np.zeros_like(self.log_value)
        self._redeemed = self.process.redeemed
        self._base = np.zeros(0, np.int64) if self.process.base is None else self.process.base[self._redeemed]
        self._log_conversion = self.log_value[self._redeemed] - self.log_value[self._base]
        self._own_share = np.sqrt(1.0 - self.process.factor_share**2)
        self._key = stream_key(self.seed, "fundamental")
        own = [(2 + i, 6) for i in range(len(self.log_value))]
        self._who_which = np.array([*SHARED_DRAWS, *own])
        self._shocks = np.zeros(len(self._who_which))
        slow, fast, *_ = self._draw(0)
        self._slow, self._fast = self.process.slow_size * slow, self.process.fast_size * fast

    @property
    def value(self) -> Floats:
        """Values in USD, shape ``(assets,)``."""
        return np.exp(self.log_value)

    def step(self, now_s: float, step_s: float, index: int) -> None:
        """Move from ``now_s - step_s`` to ``now_s``; ``index`` counts steps and picks the draws."""
        p = self.process
        fast, slow, factor, equity = self._draw(index)
        self._fast = relaxed(self._fast, p.fast_s, p.fast_size, step_s, fast)
        self._slow = relaxed(self._slow, p.slow_s, p.slow_size, step_s, slow)
        mean = 0.5 * (p.fast_size**2 + p.slow_size**2)
        begun = [item for item in self.news if item.time_s <= now_s]
        excess = sum(item.excess_volatility(now_s) for item in begun)
        self.volatility_factor = math.exp(self._fast + self._slow - mean) * (1.0 + excess)
        root = self.volatility_factor * math.sqrt(step_s)
        left_s = p.known_at_s - (now_s - step_s)
        if left_s > 0.0:
            gone = min(1.0, step_s / left_s)
            self.log_value -= gone * (self.log_value - self.news_log_value - self._log_known)
            root *= math.sqrt(1.0 - gone)
        self.log_value += p.volatility * root * (p.factor_share * factor + self._own_share * self._shocks[4:])
        for item in begun:
            share = item.share_between(now_s - step_s, now_s)
            if share > 0.0:
                self.log_value += share * item.log_change
                self.news_log_value += share * item.log_change
                self.equity_index *= math.exp(share * item.equity_log_change)
        if len(self._redeemed):
            self.log_value[self._redeemed] = self.log_value[self._base] + self._log_conversion
        self.equity_index *= math.exp(0.1 * p.volatility[0] * root * equity)

    def _draw(self, index: int) -> list[float]:
        """Draw the shocks of a step: return those that all share, and leave the others in place."""
        draw_normals(self._key, index, self._who_which, self._shocks)
        shared: list[float] = self._shocks[:4].tolist()
        return shared


def relaxed(x: float, time_s: float, size: float, step_s: float, shock: float) -> float:
    """Return an Ornstein-Uhlenbeck process of stationary standard deviation ``size`` after ``step_s``."""
    decay = math.exp(-step_s / time_s)
    return decay * x + size * math.sqrt(1.0 - decay * decay) * shock
