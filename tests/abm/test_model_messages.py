"""The message path: whatever is sent is refused, gets a final status or is on its way; nothing is lost."""

import numpy as np
import pytest

from abm.book.messages import (
    PENDING,
    REJECTED_BAND,
    REJECTED_DUPLICATE,
    REJECTED_HALT,
    REJECTED_MALFORMED,
    REJECTED_MARGIN,
    STATUS_NAMES,
    STOP,
)
from abm.venues.liquidation import FIRST_ORDER_ID
from experiments.build import build

REFUSED = {REJECTED_MARGIN, REJECTED_BAND, REJECTED_HALT}
VENUES = {
    "open": {},
    "overloaded": {"venues.hub.capacity_per_s": 15},
    "closed for a while": {"venues.hub.outages": [{"start_s": 100, "end_s": 120}]},
}


class Wire:
    """Listens to everything on its way from the outbox of an exchange to its books."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.sent, self.delivered, self.processed, self.forced, self.fills = [], [], [], [], []
        self.deliver, self.process = exchange.gateway.deliver, exchange.books.process
        exchange.gateway.deliver = self.hear_sent
        exchange.books.process = self.hear_processed

    def hear_sent(self, sent, now_ns, step_ns):
        self.sent.append(sent.copy())
        self.delivered.append(self.deliver(sent, now_ns, step_ns))
        return self.delivered[-1]

    def hear_processed(self, messages):
        fills = self.process(messages)
        ours = len(messages) > 0 and messages["id"][0] >= FIRST_ORDER_ID
        (self.forced if ours else self.processed).append(messages.copy())
        self.fills.append(fills.copy())
        return fills


@pytest.fixture(scope="module", params=list(VENUES))
def wire(request, small):
    model = build(small(VENUES[request.param]), 1, views=False)
    wire = Wire(model.hub)
    wire.step_ends_s = model.recorder.time_s
    model.run()
    return wire


def identities(messages):
    """Rows as comparable items: the same order id is used by an order and by its cancel."""
    names = ("id", "kind", "account", "instrument", "side", "lots", "price", "flags", "trigger", "expiry")
    return sorted(zip(*(messages[name].tolist() for name in names), strict=True))


def test_what_is_sent_is_processed_once_or_still_waits(wire):
    sent, processed = np.concatenate(wire.sent), np.concatenate(wire.processed)
    delivered = np.concatenate(wire.delivered)
    refused = delivered[np.isin(delivered["status"], list(REFUSED))]
    waiting = wire.exchange.gateway._pending
    assert len(sent) > 1000
    assert len(waiting) == wire.exchange.gateway.backlog
    assert identities(sent) == identities(np.concatenate([processed, refused, waiting]))
    assert sum(wire.exchange.admission.refused.values()) == len(refused)
    assert set(waiting["status"].tolist()) <= {PENDING}


def test_everything_processed_has_a_final_status(wire):
    for messages in (np.concatenate(wire.processed), np.concatenate(wire.forced)):
        statuses = set(messages["status"].tolist())
        assert PENDING not in statuses
        assert statuses <= set(STATUS_NAMES)
        assert not statuses & REFUSED
        # agents and the engine send well-formed orders with ids of their own
        assert not statuses & {REJECTED_MALFORMED, REJECTED_DUPLICATE}


def test_orders_fill_what_the_fills_say(wire):
    fills = np.concatenate(wire.fills)
    own = fills[fills["source"] != STOP]  # a stop's fills belong to the message that set it off
    filled = sum(int(np.concatenate(rows)["filled"].sum()) for rows in (wire.processed, wire.forced))
    assert filled == int(own["lots"].sum()) > 0


def test_messages_arrive_within_their_step_and_in_order(wire):
    clock_ns = 0
    for messages, step_end in zip(wire.processed, wire.step_ends_s, strict=False):
        end_ns = round(step_end * 1e9)
        assert (np.diff(messages["time"]) >= 0).all()
        if len(messages):
            assert clock_ns <= messages["time"].min() <= messages["time"].max() <= end_ns
        clock_ns = end_ns


def test_ids_of_agents_never_reach_those_of_the_engine(wire):
    assert wire.exchange.outbox.counters[1] < FIRST_ORDER_ID
