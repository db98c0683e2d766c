"""How a number of lots to close is split among candidates; whole lots, exact sums.

Every function gives ``min(lots, total available)`` in sum and no candidate more than it holds. ``available``
is in queue order, first to be closed first; ties of rounding go to the front.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from abm.rules.adl_candidates import Amounts, Floats


def sequential(lots: int, available: Amounts) -> Amounts:
    """Close the front whole, then the next, the last one in part (BitMEX, Binance; Hyperliquid 2025)."""
    held = np.asarray(available, np.int64)
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(held)[:-1]])
    taken: Amounts = np.clip(lots - before[: len(held)], 0, held)
    return taken


def random_sequential(
    lots: int,
    available: Amounts,
    start: int,
    overlaps: npt.NDArray[np.bool_] | None = None,
    most_accounts: int | None = None,
) -> Amounts:
    """Walk round the accounts from a random ``start`` and close each whole until done.

    dYdX v4 (v4-chain, x/clob/keeper/deleveraging.go, 2023-2025): no rank; accounts whose own bankruptcy price
    does not overlap with the price asked are passed over, see `bankruptcy_overlaps`; at most
    ``most_accounts`` are looked at in one pass (a node's flag), so that the sum may fall short.
    """
    held = np.asarray(available, np.int64)
    taken = np.zeros(len(held), np.int64)
    if len(held) == 0:
        return taken
    ring = (start + np.arange(len(held))) % len(held)
    if most_accounts is not None:
        ring = ring[:most_accounts]
    if overlaps is not None:
        ring = ring[overlaps[ring]]
    taken[ring] = sequential(lots, held[ring])
    return taken


def bankruptcy_overlaps(side: int, own_bankruptcy: Floats, price: float) -> npt.NDArray[np.bool_]:
    """Return whether accounts closed at ``price`` keep a value of zero or more.

    Longs (side +1) need a price at or above their own bankruptcy price, shorts one at or below it.
    """
    return np.asarray(side * (price - np.asarray(own_bankruptcy, np.float64)) >= 0.0)


def pro_rata(lots: int, available: Amounts) -> Amounts:
    """Take the same share from everybody; the lots lost to rounding come from the front, one each.

    Chitra 2025, arXiv 2512.01112: the unique fair rule under its axioms.
    """
    return _floors(lots, available, lambda remainders: np.arange(len(remainders)))


def largest_remainder(lots: int, available: Amounts) -> Amounts:
    """Take the same share from everybody; the lots lost to rounding go to the largest remainders.

    The integer pro-rata rule (Hamilton's method). Nobody is more than one lot away from the exact share.
    """
    return _floors(lots, available, lambda remainders: np.argsort(-remainders, kind="stable"))


def capped_pro_rata(lots: int, available: Amounts, cap_share: npt.ArrayLike) -> Amounts:
    """Take the same share from everybody, but from nobody more than ``cap_share`` of the position.

    Water-filling ``min(eta, cap)`` (Chitra 2025, arXiv 2512.01112): splitting an account in two changes
    nothing. What the caps leave over is not taken. Whole lots by largest remainder.
    """
    held = np.asarray(available, np.int64)
    caps = np.broadcast_to(np.asarray(cap_share, np.float64), held.shape)
    if len(held) and not (caps.min() >= 0.0 and caps.max() <= 1.0):
        raise ValueError(f"cap_share is {caps.min()} to {caps.max()}; it must be from 0 to 1")
    most = np.floor(caps * held + 1e-9).astype(np.int64)
    exact = water_fill(float(min(lots, int(most.sum()))), held.astype(np.float64), caps)
    taken = np.minimum(np.floor(exact + 1e-9).astype(np.int64), most)
    missing = min(lots, int(most.sum())) - int(taken.sum())
    for k in np.argsort(taken - exact, kind="stable"):
        if missing <= 0:
            break
        step = min(missing, int(most[k] - taken[k]), 1)
        taken[k] += step
        missing -= step
    return _top_up(missing, taken, most)


def _top_up(missing: int, taken: Amounts, most: Amounts) -> Amounts:
    """Return ``taken`` plus ``missing`` more lots from the front, nobody above ``most``."""
    return taken + sequential(max(missing, 0), most - taken)


def water_fill(amount: float, weights: Floats, cap_share: Floats) -> Floats:
    """Return ``w * min(eta, cap)`` with the level eta at which the sum is ``amount``, or all caps."""
    order = np.argsort(cap_share, kind="stable")
    caps, size = cap_share[order], weights[order]
    full = np.concatenate([[0.0], np.cumsum(caps * size)])[: len(size)]
    rest = np.cumsum(size[::-1])[::-1]
    reached = full + caps * rest  # sum when the level stands at each cap
    if len(size) == 0 or amount >= reached[-1]:
        return weights * cap_share
    k = int(np.searchsorted(reached, amount, side="left"))
    level = (amount - full[k]) / rest[k] if rest[k] > 0 else 0.0
    filled: Floats = weights * np.minimum(level, cap_share)
    return filled


def _floors(lots: int, available: Amounts, order: Callable[[Amounts], npt.NDArray[np.intp]]) -> Amounts:
    held = np.asarray(available, np.int64)
    total = int(held.sum())
    if lots >= total:
        return held.copy()
    parts = [divmod(int(lot) * max(lots, 0), total) for lot in held]
    taken = np.array([whole for whole, _ in parts], np.int64)
    remainder = np.array([rest for _, rest in parts], np.int64)
    queue = order(remainder)
    queue = queue[remainder[queue] > 0]
    taken[queue[: max(lots, 0) - int(taken.sum())]] += 1
    return taken
