"""The credit network at work: conservation, chains of defaults, delays, runs, edges, and the switch."""

from types import SimpleNamespace

import numpy as np
import pytest

from abm.clock import Clock, Phase
from abm.compiled import for_kernels
from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.invariants import broken_invariants
from abm.ledger.ledger import Ledger
from abm.market_view import market_view
from abm.networks.balance_sheets import CALLED, FAILED, SOUND, balance_dtype
from abm.networks.credit_lines import CreditLines, line_dtype
from abm.networks.credit_network import LOOK_S, CreditNetwork
from abm.networks.credit_terms import CreditTerms
from abm.networks.debt_book import shared
from abm.networks.exposures import exposures
from abm.random_streams import exponential, stream_key

M = 1_000_000
AT_ONCE = {"reveal_s": 0.0, "run_per_hour": 0.0}


def make_lines(rows=()):
    """Credit lines of (lender, row, account, usd), and who hears of them."""
    heard = SimpleNamespace(kind="trader", owed=[], paid=[])
    heard.owe = lambda row, usd: heard.owed.append((row, usd))
    heard.pay_back = lambda row, usd: heard.paid.append((row, usd))
    table = np.zeros(len(rows), line_dtype)
    for k, (lender, row, account, usd) in enumerate(rows):
        table[k] = (lender, 0, row, account, usd * M, 0, 0)
    return CreditLines(table, [heard], delay_s=60.0), heard


def make_world(
    owed,
    cash,
    coins=0.0,
    illiquid=0.0,
    deposits=0.0,
    limit=1e9,
    terms=None,
    contagion=True,
    lines=(),
    spare=0,
):
    """Institutions on an exchange with one coin at 1 USD; amounts in USD."""
    owed = np.asarray(owed, float) * M
    n = len(owed)
    ledger = Ledger(
        instrument_table([Instrument("COIN-SPOT", "COIN", "spot", 0.01, 1.0)], ["COIN"]),
        FIRST_TRADER + n + 1 + spare,
    )
    accounts = np.arange(FIRST_TRADER, FIRST_TRADER + n)
    ledger.deposit(accounts, (np.broadcast_to(cash, n) * M).astype(np.int64))
    ledger.issue(0, accounts, np.broadcast_to(coins, n).astype(np.int64))
    world = FIRST_TRADER + n
    table = for_kernels(np.zeros(n, balance_dtype))
    table["account"], table["limit"], table["goal"] = accounts, limit, 0.7 * limit
    table["illiquid"] = (np.broadcast_to(illiquid, n) * M).astype(np.int64)
    table["deposits"] = (np.broadcast_to(deposits, n) * M).astype(np.int64)
    ledger.deposit(world, int(table["illiquid"].sum()))
    view = market_view(np.array([1.0]), np.array([1e-5]))
    admission = SimpleNamespace(collateral_value=np.zeros(1, np.int64))
    exchange = SimpleNamespace(ledger=ledger, view=view, table=ledger.instruments, admission=admission)
    clock = Clock((Phase(1e9, LOOK_S),))
    return CreditNetwork(
        terms or CreditTerms(**AT_ONCE),
        table,
        exposures(owed, names=[f"i{k}" for k in range(n)]),
        exchange,
        clock,
        world,
        make_lines(lines)[0],
        1,
        contagion=contagion,
    )


def go(network, looks, price=None):
    """Let time pass, at a new price of the coin if one is given."""
    if price is not None:
        network.exchange.view["mid"] = price
    for _ in range(looks):
        network.clock.advance()
        network.spread(np.zeros(1), LOOK_S)


def states(network):
    return network.table["state"].tolist()


def check_books(network):
    """Claims and what is written off are all that is owed, and the ledger balances."""
    network.mark()
    debts, table = network.debts, network.table
    assert int(debts.owed.sum()) == int(table["claims"].sum()) + int(debts.written.sum())
    assert (debts.written >= 0).all()
    assert (debts.written <= debts.cleared).all()
    assert (debts.cleared <= debts.owed).all()
    assert (table["deposits"] >= debts.deposits_lost).all()
    assert (network.exchange.ledger.cash[0, table["account"]] >= 0).all()
    assert broken_invariants(network.exchange.ledger) == []


@pytest.mark.parametrize("contagion", [True, False])
def test_money_and_claims_are_conserved_through_a_crash(contagion):
    rng = np.random.default_rng(3)
    n = 7
    owed = rng.exponential(40.0, (n, n)) * (rng.random((n, n)) < 0.5)
    np.fill_diagonal(owed, 0.0)
    own = 50.0 + np.maximum(0.0, owed.sum(axis=1) - owed.sum(axis=0))
    terms = CreditTerms(call_s=300.0, reveal_s=200.0, run_per_hour=20.0, queue_s=900.0, illiquid_per_hour=2.0)
    network = make_world(
        owed, 0.1 * own, np.rint(0.7 * own), 0.2 * own, 20.0, limit=9.0, terms=terms, contagion=contagion
    )
    everything = int(network.exchange.ledger.cash.sum())
    for price in (0.9, 0.6, 0.4, 0.5, 0.3):
        go(network, 20, price)
        check_books(network)
        assert int(network.exchange.ledger.cash.sum()) == everything
    assert network.report_failed() > 0
    assert (network.report_losses() > 0) == contagion
    assert len(network.events.call_table()) > 0
    lost = network.events.loss_table()["usd"].sum() if contagion else 0.0
    assert lost == pytest.approx(network.report_losses())


CHAIN = [[0, 90, 0], [0, 0, 60], [0, 0, 0]]


def test_a_default_runs_along_a_chain():
    network = make_world(CHAIN, [0, 10, 5], coins=[100, 0, 0])
    go(network, 1, 0.5)
    assert states(network) == [FAILED, SOUND, SOUND]
    go(network, 1)
    assert states(network) == [FAILED, FAILED, SOUND]
    go(network, 2)
    table = network.events.default_table()
    assert table["institution"].tolist() == ["i0", "i1"]
    assert set(table["cause"]) == {"equity below zero"}
    # i0 pays .8 of 50; i1 then has .8 of its own 10 and .8 of the 40 for its debt of 60
    assert network.debts.written[0, 1] == 50 * M
    assert network.debts.written[1, 2] == pytest.approx((60 - 0.8 * 10 - 0.8 * 40) * M, abs=2)
    check_books(network)


def test_without_contagion_each_stands_alone():
    network = make_world(CHAIN, [0, 10, 5], coins=[100, 0, 0], contagion=False)
    go(network, 200, 0.5)
    assert states(network) == [FAILED, SOUND, SOUND]
    assert network.report_losses() == 0.0
    assert network.table["known"].tolist() == [1, 0, 0]


def test_a_loss_is_known_after_its_own_delay():
    network = make_world(CHAIN, [0, 200, 5], coins=[100, 0, 0], terms=CreditTerms(reveal_s=5000.0))
    delay_s = 5000.0 * exponential(stream_key(1, "credit network"), 0, 2, 0)
    looks = int(delay_s / LOOK_S)
    assert looks > 3
    go(network, looks, 0.5)
    assert network.report_losses() == 0.0
    assert network.table["equity"][1] == (200 + 90 - 60) * M
    go(network, 3)
    assert network.report_losses() > 0.0
    (when_s,) = network.events.loss_table()["time_s"]
    assert when_s == pytest.approx(delay_s, abs=LOOK_S)


def test_an_isolated_institution_fails_alone():
    network = make_world(np.zeros((3, 3)), [0, 10, 10], coins=[50, 0, 0], deposits=[40, 0, 0])
    go(network, 50, 0.5)
    assert states(network) == [FAILED, SOUND, SOUND]
    assert network.report_losses() == 0.0
    row = network.events.default_table().iloc[0]
    assert row["creditors_lose_usd"] == 0.0
    assert row["depositors_lose_usd"] == pytest.approx(40 - 0.8 * 25)
    assert network.table["equity"].tolist()[1:] == [10 * M, 10 * M]


def test_whom_nobody_owes_to_lives_on_when_its_debtor_fails():
    """The third's only debt is to depositors who have withdrawn all; its own claims are what it lives by."""
    network = make_world(
        [[0, 40, 0], [0, 0, 0], [0, 0, 0]], [0, 60, 10], coins=[50, 0, 0], deposits=[0, 0, 5]
    )
    go(network, 50, 0.5)
    assert states(network) == [FAILED, SOUND, SOUND]
    row = network.events.default_table().iloc[0]
    assert row["depositors_lose_usd"] == 0.0
    assert row["creditors_lose_usd"] == pytest.approx(40 - 0.8 * 25)
    assert network.table["equity"][2] == 5 * M
    check_books(network)


def test_margin_is_paid_in_cash_and_the_call_ends():
    network = make_world([[0, 100], [0, 0]], [60, 0], coins=[90, 0], limit=4.0)
    go(network, 1, 0.8)  # assets 132, equity 32: above 4
    assert len(network.events.call_table()) == 1
    assert network.debts.owed[0, 1] == pytest.approx((100 - (132 - 2.8 * 32)) * M, abs=2)
    go(network, 1)
    assert states(network) == [SOUND, SOUND]
    check_books(network)


def test_who_cannot_pay_by_the_deadline_fails():
    terms = CreditTerms(call_s=100.0, illiquid_per_hour=0.0, **AT_ONCE)
    network = make_world([[0, 100], [0, 0]], 0, coins=[150, 0], limit=4.0, terms=terms)
    go(network, 5, 0.85)
    assert states(network) == [CALLED, SOUND]
    assert network.table["need"][0] > 0
    go(network, 10)
    assert states(network) == [FAILED, SOUND]
    assert network.events.default_table()["cause"].tolist() == ["margin call"]


def test_depositors_run_when_a_failure_is_known():
    owed = np.zeros((2, 2))
    terms = CreditTerms(run_per_hour=4.0, reveal_s=0.0, queue_s=1800.0, illiquid_per_hour=0.0)
    network = make_world(owed, [0, 20], coins=[50, 0], illiquid=[0, 200], deposits=[40, 150], terms=terms)
    go(network, 2)
    assert network.table["queue"].sum() == 0
    go(network, 3, 0.5)
    assert len(network.events.withdrawal_table()) > 0
    paid = 150 * M - int(network.table["deposits"][1])
    assert 0 < paid < 20 * M
    go(network, 400)
    assert network.events.default_table()["cause"].tolist() == ["equity below zero", "withdrawals"]
    check_books(network)


def test_a_failed_lender_calls_its_lines_and_borrowers_pay_later():
    borrower = FIRST_TRADER + 2
    network = make_world([[0, 80], [0, 0]], 0, coins=[60, 0], lines=[(0, 7, borrower + 1, 50)], spare=1)
    ledger, heard = network.exchange.ledger, network.lines.groups[0]
    ledger.deposit(borrower + 1, 30 * M)
    network.exchange.view["mark"] = 1.0
    go(network, 1, 0.2)
    assert states(network) == [FAILED, SOUND]
    assert heard.owed == [(7, 50.0)]
    go(network, 5)
    assert heard.paid == []
    go(network, 3)
    assert heard.paid == [(7, 30.0)]
    assert heard.owed[-1] == (7, 0.0)
    assert network.lines.line_table(network.debts.names)["paid_usd"].tolist() == [30.0]
    assert network.table["lines"].tolist() == [0, 0]
    check_books(network)


def test_debt_rank_rises_with_distress():
    network = make_world([[0, 50, 0], [0, 0, 20], [0, 0, 0]], [0, 10, 40], coins=[100, 0, 0])
    go(network, 7)
    calm = network.debt_rank
    go(network, 7, 0.8)
    assert calm == 0.0
    # i0 loses .4 of its equity; i1 .4 of its 40 (impact 1), i2 .4 of 20/60
    assert network.debt_rank == pytest.approx((0.4 * 40 + 0.4 * 20 / 60 * 60) / (50 + 40 + 60))


def test_who_begins_without_equity_is_refused():
    with pytest.raises(ValueError, match=r"equity of i0 is 0"):
        make_world([[0, 10], [0, 0]], [10, 5])


def test_sharing_is_exact():
    assert shared(10, [3, 0, 9]) == [3, 0, 7]
    assert shared(0, [1, 2]) == [0, 0]
    assert shared(5, [0, 0]) == [0, 0]
    assert shared(12, [3, 0, 9]) == [3, 0, 9]
    parts = shared(10**13 + 7, [10**13, 3, 10**13 - 1])
    assert sum(parts) == 10**13 + 7


@pytest.mark.parametrize(
    ("name", "value"), [("haircut", 1.2), ("recovered_inside", -0.1), ("reveal_s", -1.0)]
)
def test_faulty_terms_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        CreditTerms(**{name: value})
