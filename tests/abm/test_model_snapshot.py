"""Snapshot and fork: a running model copies into futures that differ only in what is changed."""

import copy
import dataclasses
import pickle
import time

import numpy as np
import pytest

from experiments.build import build


def same(one, two, steps=None):
    """Whether two traces hold the same bytes in their first ``steps`` rows."""
    a, b = one.trace(), two.trace()
    tables = [(a.by_instrument, b.by_instrument), (a.by_asset, b.by_asset), (a.world, b.world)]
    return all(
        left[name][:steps].tobytes() == right[name][:steps].tobytes()
        for left, right in tables
        for name in left
    )


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("views", [False, True])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, through_pickle])
def test_a_copy_has_the_same_future(small, views, duplicate):
    model = build(small(), 1, views=views)
    model.run(64.0)  # in the middle of the news
    other = duplicate(model)
    assert other.hub.books is not model.hub.books
    assert other.hub.ledger.position is other.hub.books.position
    model.run()
    assert not same(model, other)
    other.run()
    assert same(model, other)
    for name, table in model.trace().events.items():
        assert table.equals(other.trace().events[name])


def test_a_copy_taken_while_messages_and_views_wait(small):
    model = build(small({"venues.hub.capacity_per_s": 2}), 1, views=False)
    model.run(66.0)
    assert model.hub.gateway.backlog > 0
    other = through_pickle(model)
    model.run()
    other.run()
    assert same(model, other)


def test_a_fork_differs_only_in_the_rule_that_was_changed(small):
    model = build(small(), 1, views=False)
    model.run(58.0)
    fork = through_pickle(model)
    engine = fork.hub.risk.engine
    fund = dataclasses.replace(engine.rules.fund, notional_share=0.0)  # the fund takes nothing over
    engine.rules = dataclasses.replace(engine.rules, fund=fund)
    model.run()
    fork.run()
    events = model.trace().events["liquidations"]
    takeovers = events[events["how"] == "takeover"]
    assert len(takeovers) > 0
    before = int(np.searchsorted(model.recorder.time_s, takeovers["time_s"].min() - 1e-9))
    assert same(model, fork, before)
    assert not same(model, fork)
    assert not (fork.trace().events["liquidations"]["how"] == "takeover").any()


def test_a_snapshot_is_small_and_quick(small):
    model = build(small(), 1, views=False)
    model.run(70.0)
    begun = time.perf_counter()
    data = pickle.dumps(model)
    assert time.perf_counter() - begun < 1.0
    assert len(data) < 4e6
