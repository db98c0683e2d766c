"""Transfers: money leaves at once, arrives after the delay, and none is lost on the way."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER, OUTSIDE
from abm.ledger.invariants import check
from abm.ledger.ledger import Ledger
from abm.venues.gateway import Outage
from abm.venues.transfers import Transfers

A, B = FIRST_TRADER, FIRST_TRADER + 1
SECOND = 1_000_000_000
TABLE = instrument_table([Instrument("X-PERP", "X", "perpetual", 0.1, 0.01)], ["X"])


def exchanges(count=2, cash=1000):
    made = [SimpleNamespace(ledger=Ledger(TABLE, FIRST_TRADER + 2)) for _ in range(count)]
    for exchange in made:
        exchange.ledger.deposit(A, cash)
    return made


def balances(made):
    return [int(exchange.ledger.cash[0, account]) for exchange in made for account in (A, B)]


def test_money_leaves_at_once_and_arrives_when_the_delay_is_over():
    both, transfers = exchanges(), Transfers(delay_s=10.0)
    assert transfers.send(both, (0, A), (1, B), 300, now_ns=5 * SECOND)
    assert balances(both) == [700, 0, 1000, 0]
    assert transfers.in_transit == 300
    transfers.arrive(both, 15 * SECOND - 1)
    assert balances(both) == [700, 0, 1000, 0]
    transfers.arrive(both, 15 * SECOND)
    assert balances(both) == [700, 0, 1000, 300]
    assert transfers.in_transit == 0
    transfers.arrive(both, 99 * SECOND)
    assert balances(both) == [700, 0, 1000, 300]


def test_an_exchange_that_suspends_withdrawals_lets_money_in_but_not_out():
    both, transfers = exchanges(), Transfers(1.0, {0: (Outage(0.0, 1.0),)})
    assert not transfers.send(both, (0, A), (1, A), 300, 0)
    assert balances(both) == [1000, 0, 1000, 0]
    assert transfers.send(both, (1, A), (0, A), 300, 0)
    transfers.arrive(both, SECOND)
    assert balances(both) == [1300, 0, 700, 0]
    assert transfers.send(both, (0, A), (1, A), 300, SECOND)


@pytest.mark.parametrize("amount", [0, -5, 1001])
def test_more_than_there_is_cannot_be_sent(amount):
    both, transfers = exchanges(), Transfers()
    with pytest.raises(ValueError, match=f"amount is {amount}; it must be above 0 and at most .* 1000 mil"):
        transfers.send(both, (0, A), (1, A), amount, 0)
    assert balances(both) == [1000, 0, 1000, 0]
    assert transfers.in_transit == 0


sends = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([A, B]), st.integers(1, 400)), max_size=30
)


@given(sends, st.floats(0.0, 20.0))
def test_no_money_is_made_or_lost(moves, delay_s):
    three, transfers = exchanges(3), Transfers(delay_s)
    for step, (source, target, account, amount) in enumerate(moves):
        transfers.arrive(three, step * SECOND)
        if amount <= three[source].ledger.cash[0, A]:
            assert transfers.send(three, (source, A), (target, account), amount, step * SECOND)
        assert sum(balances(three)) + transfers.in_transit == 3000
        for exchange in three:
            check(exchange.ledger)
    transfers.arrive(three, 100 * SECOND)
    assert transfers.in_transit == 0
    assert sum(balances(three)) == 3000
    assert sum(int(exchange.ledger.cash[0, OUTSIDE]) for exchange in three) == -3000
