"""The ledger, by hand-made fills with figures that can be checked on paper."""

import numpy as np
import pytest

from abm.book.messages import BUY, LIQUIDATION, OWN, SELL, fill_table
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import CLEARING, FEES, FIRST_TRADER, INSURANCE_FUND, OUTSIDE
from abm.ledger.invariants import broken_invariants, check
from abm.ledger.ledger import Ledger

USD = 1_000_000
SPOT, PERP = 0, 1
A, B, C = FIRST_TRADER, FIRST_TRADER + 1, FIRST_TRADER + 2


@pytest.fixture
def ledger():
    instruments = instrument_table(
        [
            Instrument("BTC-USD", "BTC", "spot", 1.0, 0.001, maker_fee_ppm=0, taker_fee_ppm=0),
            Instrument("BTC-PERP", "BTC", "perpetual", 1.0, 0.001, maker_fee_ppm=0, taker_fee_ppm=0),
        ],
        ["BTC"],
    )
    made = Ledger(instruments, FIRST_TRADER + 3)
    made.deposit(slice(FIRST_TRADER, None), 10_000 * USD)
    made.issue(SPOT, np.array([A, B, C]), 1_000)
    return made


def fill(ledger, instrument, maker, taker, side, lots, price, source=OWN):
    table = fill_table(1)
    row = table[0]
    row.instrument, row.maker, row.taker, row.side, row.lots, row.price = (
        instrument, maker, taker, side, lots, price,
    )  # fmt: skip
    row.source = source
    row.maker_position, row.taker_position = (
        ledger.position[instrument, maker],
        ledger.position[instrument, taker],
    )
    bought = lots if side == BUY else -lots
    ledger.position[instrument, taker] += bought
    ledger.position[instrument, maker] -= bought
    ledger.settle(table)


def test_short_from_52000_to_40000_gains_600(ledger):
    # Binance Portfolio Margin Pro example (mechanics.md 1.1): short 0.05 BTC
    fill(ledger, PERP, B, A, SELL, 50, 52_000)
    assert ledger.entry_value[PERP, A] == -2_600 * USD
    fill(ledger, PERP, B, A, BUY, 50, 40_000)
    assert ledger.cash[0, A] == 10_600 * USD
    assert ledger.realised_pnl[A] == 600 * USD
    assert ledger.cash[0, CLEARING] == 0
    check(ledger)


def test_average_entry_and_partial_close(ledger):
    fill(ledger, PERP, B, A, BUY, 100, 10_000)
    fill(ledger, PERP, B, A, BUY, 100, 11_000)
    assert ledger.entry_value[PERP, A] == 2_100 * USD
    fill(ledger, PERP, C, A, SELL, 50, 12_000)
    assert ledger.entry_value[PERP, A] == 1_575 * USD
    assert ledger.cash[0, A] == (10_000 + 600 - 525) * USD
    assert ledger.cash[0, CLEARING] == -75 * USD
    check(ledger)


def test_flip_closes_then_opens_with_new_margin(ledger):
    ledger.isolated[PERP, A] = 1
    ledger.leverage[PERP, A] = 10
    fill(ledger, PERP, B, A, BUY, 100, 10_000)
    assert ledger.isolated_margin[PERP, A] == 100 * USD
    fill(ledger, PERP, B, A, SELL, 300, 11_000)
    assert ledger.position[PERP, A] == -200
    assert ledger.entry_value[PERP, A] == -2_200 * USD
    assert ledger.isolated_margin[PERP, A] == 220 * USD
    assert ledger.cash[0, A] == (10_000 + 100 - 220) * USD
    check(ledger)


def test_isolated_loss_takes_released_margin_then_the_rest_then_cash(ledger):
    ledger.isolated[PERP, A] = 1
    ledger.leverage[PERP, A] = 10
    fill(ledger, PERP, B, A, BUY, 100, 10_000)
    fill(ledger, PERP, B, A, SELL, 50, 8_500)  # frees 50, loses 75: 25 more from the 50 that stay
    assert ledger.isolated_margin[PERP, A] == 25 * USD
    assert ledger.cash[0, A] == 9_900 * USD
    fill(ledger, PERP, B, A, SELL, 50, 8_500)  # loses 75 with 25 of margin left
    assert ledger.isolated_margin[PERP, A] == 0
    assert ledger.cash[0, A] == 9_850 * USD
    check(ledger)


def test_margin_for_opening_is_at_most_the_cash(ledger):
    ledger.isolated[PERP, A] = 1
    fill(ledger, PERP, B, A, BUY, 2_000, 10_000)
    assert ledger.isolated_margin[PERP, A] == 10_000 * USD
    assert ledger.cash[0, A] == 0
    check(ledger)


def test_fees_are_rounded_up_and_rebates_toward_zero(ledger):
    ledger.instruments["maker_fee"][PERP] = -33
    ledger.instruments["taker_fee"][PERP] = 333
    fill(ledger, PERP, B, A, BUY, 1, 11)  # notional 11,000 millionths: 3.663 and -0.363
    assert ledger.cash[0, A] == 10_000 * USD - 4
    assert ledger.cash[0, B] == 10_000 * USD
    assert ledger.cash[0, FEES] == 4
    fill(ledger, PERP, B, A, SELL, 1, 11, source=LIQUIDATION)
    assert ledger.cash[0, FEES] == 4
    check(ledger)


def test_spot_moves_cash_and_holdings(ledger):
    fill(ledger, SPOT, B, A, BUY, 500, 9_000)
    assert ledger.cash[0, A] == 5_500 * USD
    assert ledger.cash[0, B] == 14_500 * USD
    assert ledger.position[SPOT].tolist()[FIRST_TRADER:] == [1_500, 500, 1_000]
    assert not ledger.entry_value.any()
    check(ledger)


def test_trade_with_oneself_changes_nothing_but_fees(ledger):
    fill(ledger, PERP, B, A, BUY, 10, 10_000)
    before = ledger.cash.copy(), ledger.entry_value.copy()
    table = fill_table(1)
    table.instrument, table.maker, table.taker, table.lots, table.price = PERP, A, A, 5, 20_000
    ledger.settle(table)
    assert np.array_equal(before[0], ledger.cash)
    assert np.array_equal(before[1], ledger.entry_value)


def test_loser_ends_with_zero_at_the_bankruptcy_price(ledger):
    # dYdX contract-loss-mechanism (mechanics.md 3.2): short 500 at 1 with 100 deposited, closed at 1.2
    instruments = instrument_table([Instrument("ABC", "ABC", "perpetual", 0.1, 1.0)], ["ABC"])
    small = Ledger(instruments, FIRST_TRADER + 2)
    small.deposit(np.array([A, B]), 100 * USD)
    small.position_transfer(0, A, B, 500, 10)
    small.position_transfer(0, B, A, 500, 12)
    assert small.cash[0, A] == 0
    assert small.cash[0, B] == 200 * USD
    check(small)


def test_fund_gains_the_distance_from_bankruptcy_to_fill(ledger):
    # BTCMEX example (mechanics.md 3.2): taken over at 3,000, sold at 3,060: +60 for one unit
    fill(ledger, PERP, B, A, BUY, 1_000, 3_100)
    ledger.position_transfer(PERP, A, INSURANCE_FUND, 1_000, 3_000)
    ledger.position_transfer(PERP, INSURANCE_FUND, C, 1_000, 3_060)
    assert ledger.cash[0, INSURANCE_FUND] == 60 * USD


def test_margin_moves_into_and_out_of_an_isolated_position(ledger):
    ledger.isolated[PERP, A] = 1
    ledger.leverage[PERP, A] = 10
    fill(ledger, PERP, B, A, BUY, 100, 10_000)
    ledger.move_margin(PERP, A, 40 * USD)
    assert ledger.isolated_margin[PERP, A] == 140 * USD
    ledger.move_margin(PERP, A, -140 * USD)
    assert ledger.isolated_margin[PERP, A] == 0
    with pytest.raises(ValueError, match="isolated margin is 0"):
        ledger.move_margin(PERP, A, -1)
    with pytest.raises(ValueError, match="no open isolated position"):
        ledger.move_margin(PERP, B, 1)
    check(ledger)


def test_bad_calls_are_refused(ledger):
    with pytest.raises(ValueError, match="moves zero or more"):
        ledger.transfer(0, A, B, -1)
    with pytest.raises(ValueError, match="zero or more"):
        ledger.deposit(A, -5)
    with pytest.raises(ValueError, match="only spot"):
        ledger.issue(PERP, A, 5)
    with pytest.raises(ValueError, match="only perpetual"):
        ledger.position_transfer(SPOT, A, B, 1, 1)
    with pytest.raises(ValueError, match="cannot transfer"):
        ledger.position_transfer(PERP, A, A, 1, 1)
    with pytest.raises(ValueError, match="reserved rows"):
        Ledger(ledger.instruments, 3)
    with pytest.raises(ValueError, match="int64"):
        Ledger(ledger.instruments, 8, position=np.zeros((2, 7), np.int64))


def test_each_broken_invariant_is_named(ledger):
    assert broken_invariants(ledger) == []
    assert ledger.cash[0, OUTSIDE] == -30_000 * USD
    ledger.cash[0, A] += 1
    ledger.entry_value[PERP, A] = 5
    ledger.position[PERP, B] = 1
    ledger.position[SPOT, B] = -1
    ledger.isolated_margin[PERP, C] = -1
    text = "; ".join(broken_invariants(ledger))
    for part in ("clearing holds", "net to 1", "flat position", "issued 3000", "holding is negative", "-1"):
        assert part in text
    with pytest.raises(AssertionError, match="clearing"):
        check(ledger)
