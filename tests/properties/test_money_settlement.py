"""Money and positions are conserved to the last unit by fills, flips and position transfers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.book.messages import FUND, LIQUIDATION, OWN, fill_table
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.invariants import broken_invariants
from abm.ledger.ledger import Ledger

TRADERS = 5
SPOT_BTC, PERP_BTC, PERP_ALT = 0, 1, 2
INSTRUMENTS = instrument_table(
    [
        Instrument("BTC-USD", "BTC", "spot", 0.1, 0.001, maker_fee_ppm=-100, taker_fee_ppm=333),
        Instrument("BTC-PERP", "BTC", "perpetual", 0.1, 0.001, maker_fee_ppm=-57, taker_fee_ppm=499),
        Instrument("ALT-PERP", "ALT", "perpetual", 0.001, 1.0),
    ],
    ["BTC", "ALT"],
)

accounts = st.integers(0, TRADERS - 1)
trades = st.tuples(
    st.sampled_from([SPOT_BTC, PERP_BTC, PERP_ALT]),
    accounts,
    accounts,
    st.integers(1, 3_000),
    st.integers(1, 700_000),
    st.sampled_from([0, 1]),
    st.sampled_from([OWN, OWN, LIQUIDATION, FUND]),
)


def make_ledger(leverages: list[int], isolated: list[int]) -> Ledger:
    ledger = Ledger(INSTRUMENTS, FIRST_TRADER + TRADERS)
    ledger.deposit(slice(FIRST_TRADER, None), np.arange(1, TRADERS + 1) * 777_777_777)
    ledger.issue(SPOT_BTC, slice(FIRST_TRADER, None), 4_000)
    ledger.leverage[:, FIRST_TRADER:] = leverages
    ledger.isolated[:, FIRST_TRADER:] = isolated
    return ledger


def trade(ledger: Ledger, row: tuple[int, ...], off_book: bool = False) -> None:
    """Do what a book does with a match: note positions, move them, report the fill."""
    instrument, maker, taker, lots, price, side, source = row
    maker, taker = maker + FIRST_TRADER, taker + FIRST_TRADER
    seller = maker if side == 0 else taker
    if instrument == SPOT_BTC:
        lots = min(lots, int(ledger.position[instrument, seller]))
        if lots == 0:
            return
    elif off_book and maker != taker:
        ledger.position_transfer(instrument, seller, maker + taker - seller, lots, price)
        return
    fills = fill_table(1)
    fill = fills[0]
    fill.instrument, fill.maker, fill.taker, fill.lots = instrument, maker, taker, lots
    fill.price, fill.side, fill.source = price, side, source
    fill.maker_position = ledger.position[instrument, maker]
    fill.taker_position = ledger.position[instrument, taker]
    ledger.position[instrument, seller] -= lots
    ledger.position[instrument, maker + taker - seller] += lots
    ledger.settle(fills)


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(trades, st.booleans()), max_size=40),
    leverages=st.lists(st.sampled_from([1, 3, 20, 125]), min_size=TRADERS, max_size=TRADERS),
    isolated=st.lists(st.integers(0, 1), min_size=TRADERS, max_size=TRADERS),
)
def test_every_invariant_holds_after_every_fill(rows, leverages, isolated):
    ledger = make_ledger(leverages, isolated)
    for row, off_book in rows:
        trade(ledger, row, off_book)
        assert broken_invariants(ledger) == []


@settings(deadline=None, max_examples=150)
@given(
    price=st.integers(100, 600_000),
    lots=st.integers(1, 5_000),
    leverage=st.sampled_from([1, 2, 5, 20, 50, 125]),
    long=st.booleans(),
    pieces=st.lists(st.integers(1, 700), max_size=12),
)
def test_closing_in_pieces_at_the_bankruptcy_price_never_touches_cash(price, lots, leverage, long, pieces):
    ledger = make_ledger([leverage] * TRADERS, [1] * TRADERS)
    ledger.deposit(FIRST_TRADER, 10**14)
    trade(ledger, (PERP_ALT, 1, 0, lots, price, 0 if long else 1, LIQUIDATION))
    cash = int(ledger.cash[0, FIRST_TRADER])
    unit = int(INSTRUMENTS[PERP_ALT].tick_lot_value)
    margin = int(ledger.isolated_margin[PERP_ALT, FIRST_TRADER])
    entry = int(ledger.entry_value[PERP_ALT, FIRST_TRADER])
    held = lots if long else -lots
    # smallest price at which a long (largest at which a short) is worth no less than nothing
    worst = -((margin - entry) // (lots * unit)) if long else (margin - entry) // (lots * unit)
    for piece in [*pieces, lots]:
        piece = min(piece, abs(int(ledger.position[PERP_ALT, FIRST_TRADER])))
        if piece == 0:
            break
        trade(ledger, (PERP_ALT, 1, 0, piece, max(worst, 1), 1 if long else 0, LIQUIDATION))
        assert ledger.cash[0, FIRST_TRADER] >= cash
        assert ledger.isolated_margin[PERP_ALT, FIRST_TRADER] >= 0
    assert ledger.position[PERP_ALT, FIRST_TRADER] == 0
    assert ledger.cash[0, FIRST_TRADER] - cash < lots * unit + margin * (worst < 1)
    assert ledger.realised_pnl[FIRST_TRADER] == held * max(worst, 1) * unit - entry
