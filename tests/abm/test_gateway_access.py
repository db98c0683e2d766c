"""The way in: latency, rate limits, blocks."""

import numpy as np
import pytest

from abm.book.messages import AMEND, BUY, CANCEL, LIMIT, MARKET, POST_ONLY, SELL, message_table
from abm.venues.gateway import BURST_S, NANOSECONDS, Access, Gateway

SECOND = NANOSECONDS
MILLISECOND = NANOSECONDS // 1000


def orders(count, *, time_ns=0, account=0, kind=LIMIT, side=BUY, instrument=0, first_id=1):
    """Return messages that differ in what is given as a list."""
    table = message_table(count)
    table["id"] = np.arange(first_id, first_id + count)
    table["time"], table["account"], table["kind"] = time_ns, account, kind
    table["side"], table["instrument"] = side, instrument
    return table


def latencies(gateway, accounts, side=BUY, instrument=0):
    """Return how long one order of each account travels, milliseconds."""
    sent = orders(len(accounts), account=accounts, side=side, instrument=instrument)
    arrived = gateway.deliver(sent, 100 * SECOND, 100 * SECOND)
    return dict(zip(arrived["account"].tolist(), arrived["time"] / 1e6, strict=True))


def test_latencies_are_log_normal_with_the_median_and_spread_given():
    found = latencies(Gateway(Access(latency_ms=8.0, latency_spread=0.5), accounts=4000), np.arange(4000))
    logs = np.log(list(found.values()))
    assert np.median(logs) == pytest.approx(np.log(8.0), abs=0.04)
    assert logs.std() == pytest.approx(0.5, abs=0.02)


def test_without_spread_everybody_takes_the_median():
    found = latencies(Gateway(Access(latency_ms=8.0, latency_spread=0.0), accounts=5), np.arange(5))
    assert set(found.values()) == {8.0}


def test_latency_is_a_function_of_seed_venue_and_account():
    access = Access(latency_ms=8.0)
    gateway = Gateway(access, accounts=8, seed=1, name="hub")
    first = latencies(gateway, [1, 2])
    assert first[1] != first[2]
    assert latencies(Gateway(access, accounts=8, seed=1, name="hub"), [2, 7]) == pytest.approx(
        {2: first[2], 7: latencies(Gateway(access, accounts=8, seed=1, name="hub"), [7])[7]}, abs=0.0
    )
    others = [
        latencies(Gateway(access, accounts=8, seed=2, name="hub"), [1]),
        latencies(Gateway(access, accounts=8, seed=1, name="edge"), [1]),
    ]
    assert len({first[1], *(found[1] for found in others)}) == 3
    for same in ({"side": SELL}, {"instrument": 1}):
        assert latencies(Gateway(access, accounts=8, seed=1, name="hub"), [1], **same)[1] == first[1]


def test_what_an_account_sends_keeps_its_order_from_step_to_step():
    gateway = Gateway(Access(latency_ms=500.0, latency_spread=2.0), accounts=4)
    served = []
    for step in range(20):
        sent = orders(1, time_ns=step * SECOND // 10, account=3, first_id=step + 1)
        served += gateway.deliver(sent, (step + 1) * SECOND // 10, SECOND // 10)["id"].tolist()
    served += gateway.deliver(orders(0), 10_000 * SECOND, SECOND)["id"].tolist()
    assert served == list(range(1, 21))


def test_the_rate_limit_lets_a_burst_through_and_then_the_rate():
    gateway = Gateway(Access(rate_limit_per_s=2.0), accounts=2)
    burst = int(2.0 * BURST_S)
    passed = [len(gateway.deliver(orders(50, account=1), step * SECOND, SECOND)) for step in range(1, 5)]
    assert passed == [burst, 2, 2, 2]
    assert gateway.refused == 4 * 50 - sum(passed)
    # the other account has its own bucket; the first one's fills up again, but never beyond a burst
    assert len(gateway.deliver(orders(50, account=0), 5 * SECOND, SECOND)) == burst
    for step in range(6, 60):
        gateway.deliver(orders(0), step * SECOND, SECOND)
    assert len(gateway.deliver(orders(50, account=1), 60 * SECOND, SECOND)) == burst


@pytest.mark.parametrize("step_s", [0.5, 1.0, 20.0])
def test_the_rate_in_the_long_run_does_not_depend_on_the_step(step_s):
    gateway = Gateway(Access(rate_limit_per_s=3.0), accounts=1)
    step_ns, passed = round(step_s * SECOND), 0
    for step in range(1, round(200 / step_s) + 1):
        passed += len(gateway.deliver(orders(500), step * step_ns, step_ns))
    assert passed == pytest.approx(3.0 * 200, abs=3.0 * max(BURST_S, step_s))


def test_cancels_are_never_refused_and_take_no_tokens():
    gateway = Gateway(Access(rate_limit_per_s=1.0), accounts=1)
    kind = [CANCEL] * 30 + [LIMIT] * 5 + [AMEND] * 10 + [CANCEL] * 5
    arrived = gateway.deliver(orders(50, kind=kind), SECOND, SECOND)
    assert np.count_nonzero(arrived["kind"] == CANCEL) == 35
    assert np.count_nonzero(arrived["kind"] == LIMIT) == 5
    assert np.count_nonzero(arrived["kind"] == AMEND) == 5
    assert gateway.refused == 5


def test_messages_of_a_block_come_at_its_end():
    gateway = Gateway(Access(block_ms=200.0))
    at_ms = [0, 1, 199, 200, 201, 999, 1000]
    arrived = gateway.deliver(orders(7, time_ns=np.array(at_ms) * MILLISECOND), SECOND, SECOND)
    assert (arrived["time"] // MILLISECOND).tolist() == [0, 200, 200, 200, 400, 1000, 1000]
    late = orders(1, time_ns=1001 * MILLISECOND, first_id=8)
    assert len(gateway.deliver(late, 1100 * MILLISECOND, 100 * MILLISECOND)) == 0
    assert gateway.deliver(orders(0), 1200 * MILLISECOND, 100 * MILLISECOND)["id"].tolist() == [8]


@pytest.mark.parametrize(
    ("cancel_first", "served"), [(False, [1, 2, 3, 4, 5, 6, 7]), (True, [3, 4, 2, 1, 6, 7, 5])]
)
def test_cancels_then_resting_quotes_come_before_takers_of_the_same_block(cancel_first, served):
    gateway = Gateway(Access(block_ms=200.0, cancel_first=cancel_first))
    kind = [MARKET, POST_ONLY, CANCEL, CANCEL, LIMIT, CANCEL, AMEND]
    at_ms = np.array([10, 20, 30, 40, 210, 220, 230])
    arrived = gateway.deliver(orders(7, time_ns=at_ms * MILLISECOND, kind=kind), SECOND, SECOND)
    assert arrived["id"].tolist() == served
    assert (np.diff(arrived["time"]) >= 0).all()


def test_latency_counts_before_blocks():
    gateway = Gateway(Access(latency_ms=150.0, latency_spread=0.0, block_ms=200.0), accounts=1)
    arrived = gateway.deliver(orders(2, time_ns=[10 * MILLISECOND, 60 * MILLISECOND]), SECOND, SECOND)
    assert (arrived["time"] // MILLISECOND).tolist() == [200, 400]
