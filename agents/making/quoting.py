"""How a market maker quotes one instrument: its belief, its size, its ladder of orders.

The centre of the ladder is a belief about the fair price that learns from the mid (others may know more),
from news about value, from the other coins, and away from the hub from the hub's price, where it hedges. In
calm times it rests on value; beyond the volatility that makers tolerate they trust the tape more and their
own model less (doubt multiplies the one rate and divides the other; the weight of other coins rises with it
from nothing; see `agents.making.reacting`). The centre is shifted against inventory as in Avellaneda and
Stoikov (2008, Quantitative Finance 8, 217-224). What is bought or sold on a side is shown again only after a
while. Size shrinks and the ladder widens quickly as volatility exceeds what is tolerated, and returns slowly.
"""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, EXPIRE_MAKER, IOC, POST_ONLY, REDUCE_ONLY, SELL, Records
from abm.book.queries import open_lots
from abm.compiled import kernel
from abm.instruments import SPOT
from abm.outbox import send, send_cancel
from agents.crowd import Row, lots_for

LEVELS = np.array([0.0001, 0.0003, 0.0008, 0.002, 0.004, 0.007, 0.0115, 0.02, 0.033, 0.05])
"""Distances of the ladder's levels beyond the half-spread, fractions of the price."""
LEAST_APPETITE = 0.02
"""Smallest factor on a side that has been traded against."""
DEPTH_SHAPE = 1.15
"""Exponent of cumulative depth in distance: 1.13-1.16 on 21 coins (min66633/liquidation-cascade-research)."""

quote_dtype = np.dtype(
    [
        ("fair", "f8"),  # log price
        ("value_seen", "f8"),  # log value
        ("news", "f8"),  # change of log value seen within about the last minute
        ("leader_seen", "f8"),  # how far the other coins were from value at the last look, log
        ("size_factor", "f8"),  # factor on calm size, 0 to 1
        ("bid_appetite", "f8"),  # factor on what it bids for, less after it has bought, 0 to 1
        ("ask_appetite", "f8"),
        ("held", "i8"),  # lots at the last look
        ("depth_usd", "f8"),  # calm size within 1 %, one side
        ("home_usd", "f8"),  # inventory held for quoting the other side (spot)
        ("state", "i1"),  # QUOTING or the reason of withdrawal
        ("full", "i1"),  # whether inventory has reached its limit, so that one side is not quoted
    ],
    align=True,
)
level_dtype = np.dtype([("id", "i8"), ("price", "i8"), ("lots", "i8"), ("sent_ns", "i8")], align=True)


@kernel
def withdraw(
    ladder: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    account: int,
    instrument: int,
    when: int,
) -> None:
    """Cancel every order of one maker's ladder in one instrument; ``ladder`` has shape ``(2, levels)``."""
    for side in range(2):
        for k in range(ladder.shape[1]):
            level = ladder[side, k]
            if level.id > 0:
                send_cancel(messages, counters, when, account, instrument, level.id)
                level.id = 0


@kernel
def update_belief(
    quote: Row,
    r: Row,
    log_mid: float,
    log_value: float,
    reference: float,
    leader: float,
    follow_leader: float,
) -> None:
    """Move the fair price: with news, to the mid, back to value, to the hub's price, along with other coins.

    ``r`` is the row of `agents.making.reacting.reaction_dtype`; ``reference`` the log mid of the same coin on
    the hub, nan where there is none to look at.
    """
    before = quote.value_seen
    quote.value_seen += (log_value - before) * r.to_value_seen
    quote.fair += quote.value_seen - before
    quote.news = quote.news * r.news_kept + quote.value_seen - before
    quote.fair += (log_mid - quote.fair) * r.to_mid
    quote.fair += (quote.value_seen - quote.fair) * r.to_value
    if not math.isnan(reference):
        quote.fair += (reference - quote.fair) * r.to_hub
    quote.fair += follow_leader * (leader - quote.leader_seen)
    quote.leader_seen = leader


@kernel
def update_size(p: Row, quote: Row, r: Row, held: int, lot_usd: float) -> None:
    """Shrink or restore size: with volatility on both sides, and on a side that was just traded."""
    if p.withdrawal > 0.0:
        share = r.shrinks if r.size < quote.size_factor else r.restores
        quote.size_factor += (r.size - quote.size_factor) * share
    traded = (held - quote.held) * lot_usd / quote.depth_usd
    quote.held = held
    quote.bid_appetite += r.refills * (1.0 - quote.bid_appetite) - max(0.0, traded)
    quote.ask_appetite += r.refills * (1.0 - quote.ask_appetite) - max(0.0, -traded)
    quote.bid_appetite = max(LEAST_APPETITE, quote.bid_appetite)
    quote.ask_appetite = max(LEAST_APPETITE, quote.ask_appetite)


@kernel
def pick_off(
    p: Row,
    quote: Row,
    bid: float,
    ask: float,
    terms: Row,
    account: int,
    instrument: int,
    messages: Records,
    counters: npt.NDArray[np.int64],
    when: int,
) -> None:
    """Trade against quotes that news has left behind: those on the wrong side of the fair price.

    ``bid`` and ``ask`` are the best prices in USD, 0 where a side is empty.
    """
    if abs(quote.news) < p.pick_off_news:
        return
    sell = quote.news < 0.0
    reservation = math.exp(quote.fair + p.half_spread if sell else quote.fair - p.half_spread)
    if (sell and bid <= reservation) or (not sell and (ask == 0.0 or ask >= reservation)):
        return
    appetite = quote.ask_appetite if sell else quote.bid_appetite
    lots = lots_for(p.pick_off_size * quote.depth_usd * quote.size_factor * appetite, reservation, terms.lot)
    if lots < 1:
        return
    side = SELL if sell else BUY
    price = max(1, math.ceil(reservation / terms.tick) if sell else int(reservation / terms.tick))
    flags = EXPIRE_MAKER + (REDUCE_ONLY if terms.kind == SPOT and sell else 0)
    send(messages, counters, when, account, instrument, IOC, side, lots, price, flags)


@kernel
def move_ladder(
    p: Row,
    quote: Row,
    ladder: Records,
    levels: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    book: Row,
    terms: Row,
    account: int,
    instrument: int,
    q: float,
    widen: float,
    messages: Records,
    counters: npt.NDArray[np.int64],
    cancel_at: int,
    quote_at: int,
    fresh_ns: int,
) -> None:
    """Replace the orders that are gone, too far from where they belong, or of the wrong size.

    ``q`` is inventory over its limit, -1 to 1. Orders sent at or after ``fresh_ns`` may still be on their way
    and count as alive.
    """
    price_usd = math.exp(quote.fair)
    centre = quote.fair - p.skew * q * math.sqrt(widen)
    for side in range(2):
        sign = 1 - 2 * side
        room = (1.0 - max(0.0, sign * q)) * (quote.bid_appetite if side == BUY else quote.ask_appetite)
        flags = REDUCE_ONLY if terms.kind == SPOT and side == SELL else 0
        for k in range(len(levels)):
            level = ladder[side, k]
            away = (p.half_spread + levels[k]) * widen
            raw = math.exp(centre - sign * away) / terms.tick
            price = max(1, math.floor(raw) if side == BUY else math.ceil(raw))
            lots = lots_for(quote.depth_usd * quote.size_factor * shares[k] * room, price_usd, terms.lot)
            if level.id > 0 and (level.sent_ns >= fresh_ns or open_lots(book, level.id) > 0):
                tolerance = (0.25 * away + 0.00002) * price
                if abs(price - level.price) <= tolerance and abs(lots - level.lots) <= 0.3 * level.lots:
                    continue
                send_cancel(messages, counters, cancel_at, account, instrument, level.id)
            level.id = 0
            if lots < 1:
                continue
            level.id = send(
                messages, counters, quote_at, account, instrument, POST_ONLY, side, lots, price, flags
            )
            level.price = price
            level.lots = lots
            level.sent_ns = quote_at


def ladder_shares() -> npt.NDArray[np.float64]:
    """Return each level's size over the depth within 1 %, so that depth grows as distance**DEPTH_SHAPE."""
    edges = np.append(LEVELS, 2 * LEVELS[-1] - LEVELS[-2])
    middle = np.concatenate([[0.0], 0.5 * (edges[1:] + edges[:-1])])
    return np.diff((middle / 0.01) ** DEPTH_SHAPE)
