"""When auto-deleveraging starts and stops."""

import numpy as np
import numpy.typing as npt

TRIGGERS = ("fund_capacity", "fund_drawdown", "pnl_drawdown", "account_value", "pool_pnl")
"""Names used in presets.

``fund_capacity``: the fund cannot take the position (Binance 2020, BitMEX). ``fund_drawdown``: the fund fell
by a share of its peak of 8 hours, or is empty (OKX 2025). ``pnl_drawdown``: the symbol's PnL fell by a share
of the pool, with hysteresis, or the pool is empty (Bybit 2025). ``account_value``: the account is worth less
than zero (Hyperliquid 2025, dYdX v4). ``pool_pnl``: traders' pending profit exceeds a share of the pool (GMX
v2).
"""


def fund_cannot_take(lots: npt.ArrayLike, capacity: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return whether more lots are left than the fund can take over (Binance help centre, about 2020)."""
    return np.asarray(np.asarray(lots) > np.asarray(capacity))


def account_value_below_zero(equity: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return whether the account, or the isolated position, is worth less than zero.

    Hyperliquid documentation, trading/auto-deleveraging (2025); dYdX v4 deleverages such accounts at once and
    leaves the insurance fund alone.
    """
    return np.asarray(np.asarray(equity) < 0)


def drawdown_ratio(value: float, peak: float, base: float) -> float:
    """Return ``(value - peak) / base``, zero or negative in a drawdown.

    Bybit (v5 API, market/adl-alert, 2025): the symbol's PnL against its maximum of 8 hours, over the pool's
    maximum balance of 8 hours. OKX: base is the peak of the fund itself. Minus infinity when the base is not
    positive and something was lost.
    """
    if base > 0:
        return (value - peak) / base
    return -np.inf if value < peak else 0.0


def drawdown_active(active: bool, ratio: float, start: float = -0.30, stop: float = -0.25) -> bool:
    """Return whether ADL by drawdown runs, on below ``start`` and off above ``stop``.

    ``active`` says whether it ran before. Bybit 2025: start -30 %, stop -25 %. OKX 2025 names only the
    start, -30 %: give the same value twice.
    """
    check_drawdowns(start, stop)
    return ratio <= stop if active else ratio < start


def check_drawdowns(start: float, stop: float) -> None:
    """Raise ValueError unless ``-1 <= start <= stop <= 0``."""
    if not -1.0 <= start <= stop <= 0.0:
        raise ValueError(f"drawdown start is {start}, stop is {stop}; -1 <= start <= stop <= 0 must hold")


def loss_beyond_drawdown(loss: float, base: float, start: float = -0.30) -> float:
    """Return the part of a loss that users bear when the pool bears no more than ``|start| * base``.

    Bybit 2025, example 1: of 350,000 on a pool of 1,000,000 the pool bears 300,000, users 50,000; the
    bankruptcy price is set accordingly.
    """
    return max(0.0, loss + start * base)


def pool_pnl_exceeds(pending_profit: float, pool_value: float, max_factor: float) -> bool:
    """Return whether traders' pending profit on one side over the pool's value exceeds the factor.

    GMX v2 (gmx-synthetics, AdlUtils.sol, MAX_PNL_FACTOR_FOR_ADL, 2023-2025). The pool is the counterparty:
    this limits claims on it and does not stand for a bankruptcy. An empty pool with profit pending exceeds
    it.
    """
    if pending_profit <= 0.0:
        return False
    return pool_value <= 0.0 or pending_profit / pool_value > max_factor


def pool_pnl_to_close(
    pending_profit: float, pool_value: float, min_factor: float, claim: float = 1.0
) -> float:
    """Return the pending profit to realise until it is back at ``min_factor`` of what is left of the pool.

    Paying x out lowers both: ``(P - x) / (V - x) = f`` gives ``x = (P - f V) / (1 - f)``. Where only the
    share ``claim`` of a profit is paid, ``(P - x) / (V - claim x) = f``.
    """
    if not 0.0 <= min_factor < 1.0:
        raise ValueError(f"min_factor is {min_factor}; it must be from 0 to below 1")
    if not 0.0 <= claim <= 1.0:
        raise ValueError(f"claim is {claim}; it must be from 0 to 1")
    excess = (pending_profit - min_factor * pool_value) / (1.0 - min_factor * claim)
    return min(max(0.0, excess), max(0.0, pending_profit))
