"""What market makers do in a step on one exchange: check limits, update beliefs, move quotes, hedge."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, EXPIRE_MAKER, SELL, Records
from abm.compiled import kernel
from abm.instruments import PERPETUAL, SPOT
from abm.random_streams import uniform
from agents.crowd import Row, lots_for, take_within
from agents.making.quoting import move_ladder, pick_off, update_belief, update_size, withdraw
from agents.making.reacting import react

QUOTING, STALE_FEED, VOLATILITY, LOSS, NO_HEDGE, DELEVERAGED, INVENTORY = range(7)
REASONS = {
    STALE_FEED: "stale feed",
    VOLATILITY: "risk limit",
    LOSS: "loss limit",
    NO_HEDGE: "hedge unreachable",
    DELEVERAGED: "auto-deleveraged",
    INVENTORY: "inventory limit",
}

maker_dtype = np.dtype(
    [
        ("account", "i4"),  # on the hub
        ("capital_usd", "f8"),
        ("risk_limit", "f8"),  # largest size times volatility over what it tolerates
        ("stretch", "f8"),  # own factor on ladder distances
        ("average_equity", "f8"),  # USD, over about an hour
        ("lost", "f8"),  # share of capital lost since about an hour ago
    ],
    align=True,
)


@kernel
def reason_to_leave(
    p: Row,
    maker: Row,
    quote: Row,
    excess: float,
    feed_delay_s: float,
    hedge_delay_s: float,
    deleveraged: bool,
) -> int:
    """Return why the maker should not quote, or `QUOTING`; ``excess`` is volatility over that tolerated."""
    if p.withdrawal <= 0.0 or p.may_withdraw <= 0.0:
        return QUOTING
    if deleveraged:
        return DELEVERAGED
    if feed_delay_s > p.stale_feed_s:
        return STALE_FEED
    if hedge_delay_s > p.stale_feed_s:
        return NO_HEDGE
    if maker.lost > p.loss_limit:
        return LOSS
    return VOLATILITY if excess * quote.size_factor > maker.risk_limit else QUOTING


@kernel
def looks(row: int, rows: int, requote_s: float, start_ns: int, step_ns: int) -> bool:
    """Tell whether maker ``row`` of ``rows`` looks at its ladder in the step; they take turns."""
    every = int(requote_s * 1e9)
    shift = every * row // max(1, rows)
    return (start_ns + step_ns + shift) // every != (start_ns + shift) // every


@kernel
def inventory(quote: Row, held_usd: float, elsewhere_usd: float, limit: float) -> float:
    """Return inventory over its limit, what other exchanges hold of the coin included."""
    return (held_usd + elsewhere_usd - quote.home_usd) / (limit * quote.depth_usd)


@kernel
def decide_makers(
    makers: Records,
    accounts: npt.NDArray[np.int32],
    quotes: Records,
    ladders: Records,
    levels: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    reactions: Records,
    books: Records,
    view: Records,
    instruments: Records,
    log_value: npt.NDArray[np.float64],
    loading: npt.NDArray[np.float64],
    reference: npt.NDArray[np.float64],
    leader: npt.NDArray[np.float64],
    abroad: npt.NDArray[np.float64],
    deleveraged: npt.NDArray[np.bool_],
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
    feed_delay_s: float,
    hedge_delay_s: float,
) -> None:
    """Let every maker check its limits, update its beliefs and move its quotes on one exchange.

    Parameters
    ----------
    accounts
        Of the makers on this exchange.
    reactions
        Room for a row of `agents.making.reacting.reaction_dtype` for each instrument.
    reference
        Log mid of the same coin on the hub for each instrument, nan where none.
    leader
        For each asset: mean over the other assets of log mid on the hub less log value.
    abroad
        What each maker holds of each coin in perpetuals of other exchanges, USD, ``(makers, assets)``.
    deleveraged
        Which makers were auto-deleveraged here in the last step.
    """
    p = parameters[0]
    step_s = step_ns / 1e9
    comes_back = 1.0 - math.exp(-step_s / p.return_s)
    react(p, view, step_s, reactions)
    for m in range(len(makers)):
        maker = makers[m]
        a = accounts[m]
        turn = looks(m, len(makers), p.requote_s, start_ns, step_ns)
        for i in range(len(instruments)):
            seen = view[i]
            terms = instruments[i]
            quote = quotes[m, i]
            r = reactions[i]
            reason = reason_to_leave(p, maker, quote, r.excess, feed_delay_s, hedge_delay_s, deleveraged[m])
            n = terms.asset
            follow = p.leader_weight * loading[n] * (1.0 - 1.0 / r.doubt)
            update_belief(quote, r, seen.log_mid, log_value[n], reference[i], leader[n], follow)
            late = uniform(key, m, index, 2 * i)
            cancel_at = start_ns + int(1e6 * p.latency_ms * (0.5 + late))
            if quote.state == QUOTING and reason != QUOTING:
                withdraw(ladders[m, i], messages, counters, a, i, cancel_at)
                quote.state = reason
                quote.size_factor = max(p.return_size, p.least_size)
            returns = reason == QUOTING and uniform(key, m, index, 2 * i + 1) < comes_back
            if quote.state != QUOTING and returns:
                quote.state = QUOTING
            if turn and reason in (QUOTING, VOLATILITY):
                bid, ask = seen.bid * terms.tick, seen.ask * terms.tick
                pick_off(p, quote, bid, ask, terms, a, i, messages, counters, cancel_at)
            if quote.state != QUOTING:
                continue
            held = position[i, a]
            price_usd = math.exp(quote.fair)
            update_size(p, quote, r, held, terms.lot * price_usd)
            if not turn:
                continue
            held_usd = held * terms.lot * price_usd
            elsewhere_usd = abroad[m, n] if terms.kind == PERPETUAL else 0.0
            q = inventory(quote, held_usd, elsewhere_usd, p.inventory_over_depth)
            if abs(q) >= 1.0:
                quote.full = 1
            elif abs(q) < 0.8:
                quote.full = 0
            widen = maker.stretch * r.widen
            quote_at = start_ns + int(1e6 * p.latency_ms * (2.5 + late))
            move_ladder(
                p, quote, ladders[m, i], levels, shares, books[i], terms, a, i, max(-1.0, min(1.0, q)), widen,
                messages, counters, cancel_at, quote_at, start_ns - step_ns,
            )  # fmt: skip


@kernel
def excess_of_others(
    quotes: Records,
    instruments: Records,
    view: Records,
    log_value: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> None:
    """Write for each asset the mean of log mid less log value of all others, weighted by depth, into ``out``.

    All arguments are those of the hub.
    """
    weight = np.zeros(len(log_value))
    excess = np.zeros(len(log_value))
    for i in range(len(instruments)):
        if instruments[i].kind == PERPETUAL:
            n = instruments[i].asset
            excess[n] = view[i].log_mid - log_value[n]
            for m in range(len(quotes)):
                weight[n] += quotes[m, i].depth_usd
    all_weight = 0.0
    total = 0.0
    for n in range(len(out)):
        all_weight += weight[n]
        total += weight[n] * excess[n]
    for n in range(len(out)):
        others = all_weight - weight[n]
        out[n] = (total - weight[n] * excess[n]) / others if others > 0.0 else 0.0


@kernel
def value_holdings(
    accounts: npt.NDArray[np.int32],
    instruments: Records,
    view: Records,
    cash: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    entry_value: npt.NDArray[np.int64],
    equity: npt.NDArray[np.float64],
    held: npt.NDArray[np.float64],
) -> None:
    """Add what each maker is worth on one exchange to ``equity``; write its perpetuals, USD, into ``held``.

    ``held`` has the shape ``(makers, assets)``.
    """
    for m in range(len(accounts)):
        a = accounts[m]
        holdings_usd = 0.0
        entered = 0
        for i in range(len(instruments)):
            usd = position[i, a] * (instruments[i].lot * view[i].mid)
            holdings_usd += usd
            entered += entry_value[i, a]
            if instruments[i].kind == PERPETUAL:
                held[m, instruments[i].asset] = usd
        equity[m] += cash[0, a] / 1e6 + holdings_usd
        equity[m] -= entered / 1e6


@kernel
def hedge(
    makers: Records,
    accounts: npt.NDArray[np.int32],
    quotes: Records,
    view: Records,
    instruments: Records,
    abroad: npt.NDArray[np.float64],
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    start_ns: int,
    step_ns: int,
) -> None:
    """Take on the hub what offsets too large an inventory from other exchanges."""
    p = parameters[0]
    for m in range(len(makers)):
        if not looks(m, len(makers), p.requote_s, start_ns, step_ns):
            continue
        for i in range(len(instruments)):
            terms = instruments[i]
            elsewhere_usd = abroad[m, terms.asset]
            if elsewhere_usd == 0.0 or terms.kind == SPOT:
                continue
            mid = view[i].mid
            net = elsewhere_usd + position[i, accounts[m]] * terms.lot * mid
            beyond = abs(net) - p.hedge_at * p.inventory_over_depth * quotes[m, i].depth_usd
            lots = lots_for(min(beyond, abs(elsewhere_usd)), mid, terms.lot)
            if beyond <= 0.0 or lots < 1 or net * elsewhere_usd < 0.0:
                continue
            side = SELL if net > 0.0 else BUY
            when = start_ns + int(2e6 * p.latency_ms)
            take_within(
                messages, counters, when, accounts[m], i, terms, side, lots, view[i].screen,
                p.hedge_slippage, EXPIRE_MAKER,
            )  # fmt: skip
