"""Scores that order the accounts for auto-deleveraging; a higher score is closed first.

Each function takes numbers or arrays. `RANKS` maps the names used in presets to functions of `Candidates`.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from abm.rules.adl_candidates import Candidates, Floats

SMALLEST_RATIO = 1e-8
"""Floor of the two factors of Hyperliquid's decompiled score."""
_TINY = 1e-12


def binance_score(profit: npt.ArrayLike, wallet: npt.ArrayLike, maintenance: npt.ArrayLike) -> Floats:
    """Return Binance's legacy score, ``max(0, UPNL) / max(1, WB) * MM / (WB + UPNL)``.

    Zero when ``WB + UPNL <= 0``. Amounts are in settlement units. Source: Binance help centre of about 2020;
    docs.asterdex.com, page ADL (read 2026).
    """
    gain, balance, needed = _floats(profit, wallet, maintenance)
    equity = balance + gain
    ratio = np.where(equity > 0, needed / np.maximum(equity, _TINY), 0.0)
    score: Floats = np.maximum(0.0, gain) / np.maximum(1.0, balance) * ratio
    return score


def bitmex_score(
    side: npt.ArrayLike, entry: npt.ArrayLike, mark: npt.ArrayLike, bankruptcy: npt.ArrayLike
) -> Floats:
    """Return BitMEX's score of linear positions, prices or notionals: profit times leverage.

    ``PnL% * L`` for winners and ``PnL% / L`` for losers, with ``PnL% = side * (mark - entry) / entry`` and
    effective leverage ``L = mark / |mark - bankruptcy|``. Source: support.bitmex.com article 18589621443357
    and testnet.bitmex.com/app/autoDeleveragingExamples (2020 rules); MEXC, BTEX and Satori state the same.
    """
    sign, start, now, broke = _floats(side, entry, mark, bankruptcy)
    gain = sign * (now - start) / start
    gearing = now / np.maximum(np.abs(now - broke), _TINY * now)
    score: Floats = np.where(gain > 0, gain * gearing, gain / np.maximum(gearing, _TINY))
    return score


def okx_score(
    profit: npt.ArrayLike, entry_value: npt.ArrayLike, equity: npt.ArrayLike, maintenance: npt.ArrayLike
) -> Floats:
    """Return a score of OKX's type: ``PnL% / margin ratio`` for winners, ``PnL% * margin ratio`` for losers.

    The margin ratio is equity over maintenance margin. The formula is known from second-hand copies of the
    help pages of 2025 only.
    """
    gain, value, worth, needed = _floats(profit, entry_value, equity, maintenance)
    share = np.divide(gain, value, out=np.zeros_like(gain), where=value > 0)
    ratio = np.clip(worth / np.maximum(needed, _TINY), _TINY, 1.0 / _TINY)
    score: Floats = np.where(share > 0, share / ratio, share * ratio)
    return score


def hyperliquid_documented_score(
    side: npt.ArrayLike,
    entry: npt.ArrayLike,
    mark: npt.ArrayLike,
    notional: npt.ArrayLike,
    account_value: npt.ArrayLike,
) -> Floats:
    """Return Hyperliquid's index as its documentation states it, ``(mark / entry) * (notional / AV)``.

    The text does not speak of shorts, for which mark / entry falls as they win; here their factor is
    entry / mark. Accounts without positive value come first. Source: hyperliquid.gitbook.io
    trading/auto-deleveraging (read 2026).
    """
    sign, start, now, size, worth = _floats(side, entry, mark, notional, account_value)
    move = np.where(sign > 0, now / np.maximum(start, _TINY), start / np.maximum(now, _TINY))
    score: Floats = move * _leverage(size, worth)
    return score


def hyperliquid_decompiled_score(
    notional: npt.ArrayLike, account_value: npt.ArrayLike, profit: npt.ArrayLike, entry_value: npt.ArrayLike
) -> Floats:
    """Return Hyperliquid's score as decompiled, ``(|notional| / AV) * (max(PnL, 0) / entry notional)``.

    Both factors are at least `SMALLEST_RATIO`; without that floor on either, a zero would tie. Accounts
    without positive value come first. The order differs from the documented one: leverage 20 with +1 % comes
    before leverage 5 with +50 % there, after it here. Source: osec.io, 2026-06-22, by way of a public
    re-implementation.
    """
    size, worth, gain, value = _floats(notional, account_value, profit, entry_value)
    share = np.maximum(gain, 0.0) / np.maximum(value, _TINY)
    score: Floats = np.maximum(_leverage(size, worth), SMALLEST_RATIO) * np.maximum(share, SMALLEST_RATIO)
    return score


def effective_leverage(notional: npt.ArrayLike, equity: npt.ArrayLike) -> Floats:
    """Return ``|notional| / equity`` (Chitra 2025, arXiv 2512.01112); infinite without positive equity."""
    size, worth = _floats(notional, equity)
    return _leverage(size, worth)


def adl_order(score: Floats) -> npt.NDArray[np.intp]:
    """Return indices by falling score; equal scores keep their order."""
    return np.argsort(-score, kind="stable")


def _leverage(notional: Floats, worth: Floats) -> Floats:
    leverage: Floats = np.divide(
        np.abs(notional), worth, out=np.full(np.broadcast(notional, worth).shape, np.inf), where=worth > 0
    )
    return leverage


def _floats(*values: npt.ArrayLike) -> list[Floats]:
    return [np.asarray(value, np.float64) for value in np.broadcast_arrays(*values)]


RANKS: dict[str, Callable[[Candidates], Floats]] = {
    "binance": lambda c: binance_score(c.profit, c.wallet, c.maintenance),
    "bitmex": lambda c: bitmex_score(c.side, c.entry_value, c.mark_value, c.bankruptcy_value),
    "okx": lambda c: okx_score(c.profit, c.entry_value, c.equity, c.maintenance),
    "hyperliquid_documented": lambda c: hyperliquid_documented_score(
        c.side, c.entry_value, c.mark_value, c.mark_value, c.equity
    ),
    "hyperliquid_decompiled": lambda c: hyperliquid_decompiled_score(
        c.mark_value, c.equity, c.profit, c.entry_value
    ),
    "leverage": lambda c: effective_leverage(c.mark_value, c.equity),
    "none": lambda c: np.zeros(len(c.lots)),
}
"""Name -> score of each candidate."""
