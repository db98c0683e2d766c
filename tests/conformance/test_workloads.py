"""Final states of the workloads W1 and W2 of the comparison of peers, found by two independent programs."""

from importlib import import_module
from pathlib import Path

import pytest

from abm.book.orderbook import OrderBooks


@pytest.fixture(scope="module")
def workloads():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[2] / "benchmarks")
        yield import_module("workloads")


def final_state(workloads, name, messages):
    books = OrderBooks(1)
    table = workloads.as_messages(workloads.workload(name, messages))
    fills = books.process(table)
    assert fills.lots.sum() == books.books[0].volume
    return workloads.state_of(books)


def test_w1_after_twenty_thousand_messages(workloads):
    assert final_state(workloads, "W1", 20_000) == workloads.FINAL_STATES["W1", 20_000]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "messages"), [("W1", 100_000), ("W1", 1_000_000), ("W2", 1_000_000)])
def test_full_workloads(workloads, name, messages):
    assert final_state(workloads, name, messages) == workloads.FINAL_STATES[name, messages]
