"""The gateway: latency, capacity, outages; nothing gets lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.book.messages import message_table
from abm.venues.gateway import NANOSECONDS, Access, Gateway, Outage

SECOND = NANOSECONDS


def rows(*times_s, first_id=1):
    table = message_table(len(times_s))
    table["time"] = [round(time * SECOND) for time in times_s]
    table["id"] = np.arange(first_id, first_id + len(times_s))
    return table


def ids(table):
    return table["id"].tolist()


def test_messages_arrive_in_order_of_time_and_ties_in_order_of_sending():
    gateway = Gateway()
    assert ids(gateway.deliver(rows(0.9, 0.1, 0.5, 0.1), SECOND, SECOND)) == [2, 4, 3, 1]
    assert gateway.backlog == 0
    assert gateway.feed_delay_s == 0.0


def test_a_message_on_its_way_arrives_in_a_later_step():
    gateway = Gateway()
    assert ids(gateway.deliver(rows(0.5, 1.5, 2.5, 1.0), SECOND, SECOND)) == [1, 4]
    assert gateway.backlog == 2
    assert ids(gateway.deliver(rows(1.2, first_id=5), 2 * SECOND, SECOND)) == [5, 2]
    assert ids(gateway.deliver(rows(), 3 * SECOND, SECOND)) == [3]


def test_capacity_serves_the_oldest_first_and_delays_the_feed_by_the_backlog():
    gateway = Gateway(Access(capacity_per_s=3))
    assert ids(gateway.deliver(rows(*np.linspace(0, 0.9, 9)), SECOND, SECOND)) == [1, 2, 3]
    assert gateway.feed_delay_s == 2.0
    assert ids(gateway.deliver(rows(1.0, first_id=10), 2 * SECOND, SECOND)) == [4, 5, 6]
    assert gateway.feed_delay_s == pytest.approx(4 / 3)
    late = gateway.deliver(rows(), 3 * SECOND, SECOND)
    assert ids(late) == [7, 8, 9]
    # what waited is stamped with the step in which it is served
    assert late["time"].tolist() == [2 * SECOND] * 3
    assert ids(gateway.deliver(rows(), 4 * SECOND, SECOND)) == [10]
    assert gateway.feed_delay_s == 0.0


def test_messages_on_their_way_are_no_backlog_of_the_feed():
    gateway = Gateway(Access(capacity_per_s=3))
    gateway.deliver(rows(5.0, 5.0, 5.0, 5.0, 5.0), SECOND, SECOND)
    assert gateway.feed_delay_s == 0.0


def test_capacity_does_not_depend_on_the_step_length():
    served = []
    for step in (SECOND, SECOND // 2):
        gateway = Gateway(Access(capacity_per_s=40))
        sent = rows(*np.linspace(0, 0.1, 200))
        count = 0
        for now in range(step, 3 * SECOND + 1, step):
            count += len(gateway.deliver(sent, now, step))
            sent = rows()
        served.append(count)
    assert served == [120, 120]


def test_an_outage_closes_the_door_and_stops_the_feed():
    gateway = Gateway(outages=(Outage(1.5, 3.5),))
    assert [gateway.is_out(time) for time in (1.4, 1.5, 3.4, 3.5)] == [False, True, True, False]
    assert ids(gateway.deliver(rows(0.2), SECOND, SECOND)) == [1]
    for now in (2, 3):
        assert len(gateway.deliver(rows(now - 0.5, first_id=now), now * SECOND, SECOND)) == 0
        assert gateway.feed_delay_s == now - 1
    assert gateway.backlog == 2
    after = gateway.deliver(rows(3.7, first_id=4), 4 * SECOND, SECOND)
    assert ids(after) == [2, 3, 4]
    assert after["time"].tolist() == [3 * SECOND, 3 * SECOND, round(3.7 * SECOND)]
    assert gateway.feed_delay_s == 0.0


steps = st.lists(st.lists(st.floats(0.0, 4.0), max_size=12), min_size=1, max_size=8)


@given(
    steps,
    st.sampled_from([0.0, 1.0, 3.0, 7.5]),
    st.lists(st.tuples(st.floats(0, 8), st.floats(0.1, 4)), max_size=2),
)
def test_every_message_is_delivered_once_and_in_order(batches, capacity, windows):
    gateway = Gateway(
        Access(capacity_per_s=capacity), tuple(Outage(start, start + length) for start, length in windows)
    )
    sent, delivered, due = 0, [], {}
    for step in range(120):
        batch = batches[step] if step < len(batches) else []
        table = rows(*(step + delay for delay in batch), first_id=sent + 1)
        due |= dict(zip(ids(table), table["time"].tolist(), strict=True))
        sent += len(batch)
        arrived = gateway.deliver(table, (step + 1) * SECOND, SECOND)
        times = arrived["time"]
        assert (np.diff(times) >= 0).all()
        assert (times >= step * SECOND).all()
        assert (times <= (step + 1) * SECOND).all()
        assert all(time >= due[number] for time, number in zip(times, ids(arrived), strict=True))
        delivered += ids(arrived)
        assert len(delivered) + gateway.backlog == sent
    assert sorted(delivered) == list(range(1, sent + 1))
