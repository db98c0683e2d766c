"""Debts, clearing, DebtRank, default cascades and fire sales: properties, edges and what is refused."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from abm.networks.clearing import clear
from abm.networks.debt_rank import debt_rank, debt_rank_once, impact_of, rank_of
from abm.networks.default_cascade import default_cascade
from abm.networks.exposures import exposures, from_networkx, interbank_network, to_networkx
from abm.networks.fire_sales import (
    aggregate_vulnerability,
    equal_portfolios,
    leverage_keeping_round,
    liquidation_cascade,
    price_after_sales,
)

seeds = st.integers(0, 2**31)
shares = st.sampled_from([0.0, 0.3, 0.7, 1.0])


def random_network(seed, institutions=8):
    rng = np.random.default_rng(seed)
    owed = rng.exponential(1.0, (institutions, institutions)) * (
        rng.random((institutions, institutions)) < 0.4
    )
    np.fill_diagonal(owed, 0.0)
    assets = rng.exponential(1.0, institutions) * (rng.random(institutions) < 0.7)
    return exposures(owed, assets, rng.exponential(0.3, institutions) * (rng.random(institutions) < 0.5))


def mapped(network, payments, outside, inside, senior):
    """Return one application of the clearing map, written down anew and bank by bank."""
    owed, n = network.owed.toarray(), network.institutions
    due = owed.sum(axis=1)
    result = np.zeros(n)
    for i in range(n):
        received = sum(payments[j] * owed[j, i] / due[j] for j in range(n) if due[j] > 0)
        everything = due[i] + network.outside_debts[i]
        if network.outside_assets[i] + received >= everything * (1 - 1e-9):
            result[i] = due[i]
            continue
        value = outside * network.outside_assets[i] + inside * received
        if senior:
            result[i] = min(max(value - network.outside_debts[i], 0.0), due[i])
        elif everything > 0:
            result[i] = min(value, everything) * due[i] / everything
    return result


@settings(max_examples=40, deadline=None)
@given(seeds, shares, shares, st.sampled_from(["senior", "equal"]))
def test_both_vectors_agree_with_themselves_and_bound_what_iteration_finds(seed, outside, inside, rank):
    network = random_network(seed)
    found = {v: clear(network, outside, inside, v, rank) for v in ("greatest", "least")}
    for result in found.values():
        again = mapped(network, result.payments, outside, inside, rank == "senior")
        assert again == pytest.approx(result.payments, abs=1e-7)
        assert (result.payments >= 0).all()
        assert (result.payments <= network.owed_inside * (1 + 1e-12)).all()
    assert (found["least"].payments <= found["greatest"].payments + 1e-7).all()
    above, below = network.owed_inside, np.zeros(network.institutions)
    for _ in range(400):
        above = mapped(network, above, outside, inside, rank == "senior")
        below = mapped(network, below, outside, inside, rank == "senior")
    assert found["greatest"].payments == pytest.approx(above, abs=1e-5)
    assert found["least"].payments == pytest.approx(below, abs=1e-5)


@settings(max_examples=80, deadline=None)
@given(seeds, st.sampled_from(["senior", "equal"]))
def test_without_losses_at_default_no_money_is_lost(seed, rank):
    network = random_network(seed)
    result = clear(network, outside_debts=rank)
    kept = result.equity + result.outside_payments
    assert kept.sum() == pytest.approx(network.outside_assets.sum())
    unpaid = network.owed_inside + network.outside_debts - result.payments - result.outside_payments
    assert result.shortfall == pytest.approx(unpaid)
    assert ((result.shortfall > 1e-9) == result.defaulted).all()
    assert ((result.wave > 0) == result.defaulted).all()


@settings(max_examples=60, deadline=None)
@given(seeds, shares, shares)
def test_more_assets_and_smaller_losses_never_lower_a_payment(seed, outside, inside):
    network = random_network(seed)
    richer = exposures(network.owed, network.outside_assets + 0.3, network.outside_debts)
    base = clear(network, outside, inside).payments
    assert (clear(richer, outside, inside).payments >= base - 1e-9).all()
    assert (clear(network, 1.0, 1.0).payments >= base - 1e-9).all()


def test_without_debts_nobody_defaults():
    result = clear(exposures(np.zeros((3, 3)), [1.0, 0.0, 2.0]))
    assert not result.defaulted.any()
    assert result.equity.tolist() == [1.0, 0.0, 2.0]
    assert clear(exposures(np.zeros((0, 0)))).payments.shape == (0,)


def test_defaulter_without_creditors_among_the_others():
    result = clear(exposures([[0, 0], [5, 0]], [1.0, 7.0], [3.0, 0.0]))
    assert not result.defaulted.any()
    result = clear(exposures([[0, 0], [5, 0]], [1.0, 0.0], [3.0, 0.0]), 0.5, 0.5)
    assert result.defaulted.tolist() == [True, True]
    assert result.outside_payments.tolist() == [0.5, 0.0]


@given(seeds, shares, shares, st.sampled_from(["greatest", "least"]))
@settings(max_examples=20, deadline=None)
def test_pieces_without_debts_between_them_clear_as_if_alone(seed, outside, inside, vector):
    parts = [random_network(seed, 5), random_network(seed + 1, 4)]
    both = exposures(
        sparse.block_diag([part.owed for part in parts]).toarray(),
        np.concatenate([part.outside_assets for part in parts]),
        np.concatenate([part.outside_debts for part in parts]),
    )
    alone = np.concatenate([clear(part, outside, inside, vector=vector).payments for part in parts])
    assert clear(both, outside, inside, vector=vector).payments == pytest.approx(alone, abs=1e-9)


def test_distress_and_defaults_stay_in_their_piece_and_end_where_nobody_lent():
    # 0 owes 1; 2 owes nobody and 3 owes 2
    network = exposures([[0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 3, 0]])
    impact = impact_of(network, [1.0, 4.0, 1.0, 5.0])
    assert debt_rank(impact, [1.0, 0.0, 0.0, 0.0]).tolist() == [1.0, 0.5, 0.0, 0.0]
    assert debt_rank(impact, [0.0, 0.0, 1.0, 0.0]).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert default_cascade(network, 1.0, [0])[0].tolist() == [True, True, False, False]
    assert default_cascade(network, 1.0, [2])[0].tolist() == [False, False, True, False]


def test_money_that_only_goes_round():
    ring = exposures([[0, 10], [10, 0]])
    assert clear(ring).payments.tolist() == [10.0, 10.0]
    assert clear(ring, vector="least").payments.tolist() == [0.0, 0.0]
    assert clear(ring, vector="least").defaulted.all()
    assert clear(exposures([[0, 10], [5, 0]])).payments == pytest.approx([5.0, 5.0])


def test_a_long_ring_clears_exactly():
    n = 200
    owed = sparse.coo_array((np.full(n, 10.0), (np.arange(n), (np.arange(n) + 1) % n)), shape=(n, n))
    assets = np.zeros(n)
    assets[0], debts = 1.0, np.full(n, 0.001)
    result = clear(exposures(owed, assets, debts))
    # every bank keeps a little for its outside creditors; what is left goes round and round
    assert result.payments.min() > 9.0
    # the same ring with too little money: the limit of very many rounds, found at once
    poor = clear(exposures(owed, 0.0, debts))
    assert poor.payments == pytest.approx(np.zeros(n), abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[0, -1], [0, 0]],), "owed by 0 to 1 is -1.0"),
        (([[0, np.nan], [0, 0]],), "owed by 0 to 1 is nan"),
        (([[2, 0], [0, 0]],), "0 owes 2.0 to itself"),
        (([[0, 1]],), "must be square"),
        (([0, 1],), "1 dimensions"),
        (([[0, 1], [0, 0]], [1, -2]), "outside_assets of 1 is -2.0"),
        (([[0, 1], [0, 0]], 1, [np.inf, 0]), "outside_debts of 0 is inf"),
        (([[0, 1], [0, 0]], 1, 0, ["bank", "bank"]), "names: 2 different"),
    ],
)
def test_faulty_networks_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        exposures(*arguments)


def test_faulty_clearing_is_refused():
    network = random_network(1)
    with pytest.raises(ValueError, match=r"recovered_inside is 1.5"):
        clear(network, 1.0, 1.5)
    with pytest.raises(ValueError, match="vector is 'middle'"):
        clear(network, vector="middle")
    with pytest.raises(ValueError, match="outside_debts is 'junior'"):
        clear(network, outside_debts="junior")


def test_networkx_and_back():
    network = exposures([[0, 2, 0], [0, 0, 1], [0, 0, 0]], [5, 1, 0], [0, 0, 3], ["fund", "maker", "lender"])
    again = from_networkx(to_networkx(network))
    assert again.names == network.names
    assert np.array_equal(again.owed.toarray(), network.owed.toarray())
    assert np.array_equal(again.outside_assets, network.outside_assets)
    assert np.array_equal(again.book_equity, [3.0, 2.0, -2.0])
    graph = nx.DiGraph([("a", "b", {"amount": 4})])
    assert from_networkx(graph).claims.tolist() == [0.0, 4.0]
    assert from_networkx(nx.DiGraph()).institutions == 0


def test_cascade_is_clearing_where_nothing_is_recovered():
    compared = 0
    for seed in range(12):
        network = interbank_network(300, 3.0, np.random.default_rng(seed), 0.04, 0.2)
        assert network.book_equity == pytest.approx(np.full(300, 0.04))
        failed, loss = default_cascade(network, 0.04, [seed])
        assets = np.where(np.arange(300) == seed, 0.0, network.outside_assets)
        cleared = clear(exposures(network.owed, assets, network.outside_debts), 0.0, 0.0)
        assert np.array_equal(failed, cleared.defaulted)
        assert loss == pytest.approx(network.owed.T @ failed.astype(float))
        compared += failed.sum() > 30
    assert compared >= 3


def test_loss_equal_to_capital_is_borne():
    network = exposures([[0, 0.04, 0.05], [0, 0, 0], [0, 0, 0]])
    assert default_cascade(network, 0.04, [0])[0].tolist() == [True, False, True]
    assert default_cascade(network, 0.04, [0], recovered=0.5)[0].tolist() == [True, False, False]
    assert not default_cascade(network, 0.04, [])[0].any()


def test_distress_by_hand_and_by_matrix():
    network = exposures([[0, 3, 1], [0, 0, 2], [0, 0, 0]])
    impact = impact_of(network, [1.0, 4.0, 2.0])
    assert impact.toarray().tolist() == [[0.0, 0.75, 0.5], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    final = debt_rank(impact, [0.4, 0.0, 0.0])
    assert final == pytest.approx([0.4, 0.3, 0.5])
    assert debt_rank_once(impact, [0.4, 0.0, 0.0]) == pytest.approx(final)
    assert debt_rank(impact, [1.0, 0.0, 0.0]).tolist() == [1.0, 0.75, 1.0]
    assert rank_of(final, [0.4, 0.0, 0.0], [1.0, 1.0, 2.0]) == pytest.approx(1.3 / 4)
    rng = np.random.default_rng(3)
    table = rng.random((30, 30)) * 0.02
    first = rng.random(30) * 0.1
    assert debt_rank(table, first) == pytest.approx(np.linalg.solve(np.eye(30) - table.T, first), rel=1e-9)
    assert (debt_rank_once(table, first) <= debt_rank(table, first) + 1e-12).all()


@pytest.mark.parametrize(
    ("impact", "distress", "words"),
    [
        ([[0.0, 0.1]], [0.1, 0.1], "shape"),
        ([[0.0, 0.1], [0.0, 0.0]], [1.1, 0.0], "from 0 to 1"),
        ([[0.0, -0.1], [0.0, 0.0]], [0.1, 0.0], "0 or more"),
    ],
)
def test_faulty_distress_is_refused(impact, distress, words):
    with pytest.raises(ValueError, match=words):
        debt_rank(impact, distress)
    with pytest.raises(ValueError, match=r"equity of 1 is 0.0"):
        impact_of(exposures([[0, 1], [0, 0]]), [1.0, 0.0])


def test_fire_sale_by_hand():
    holdings = [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    result = liquidation_cascade(holdings, [0.1, 0.1, 0.02], [0], impact=0.3)
    # bank 1 sells two thirds of asset 1: price exp(-.2); bank 2 loses .0906 and stands
    assert result.failed.tolist() == [True, False, False]
    assert result.price == pytest.approx([np.exp(-0.2), 1.0])
    result = liquidation_cascade(holdings, [0.1, 0.05, 0.02], [0], impact=0.3)
    assert result.failed.all()
    assert result.price == pytest.approx(price_after_sales([1.0, 1.0], 0.3))
    shocked = liquidation_cascade(holdings, 0.3, price=[0.5, 1.0], impact=0.0)
    assert shocked.failed.tolist() == [True, False, False]
    assert price_after_sales(0.1, 1.0536) == pytest.approx(0.9, abs=1e-4)


def test_portfolios_add_up_and_are_as_diverse_as_asked():
    held = equal_portfolios(2000, 1000, 5.0, np.random.default_rng(1))
    many = np.diff(held.indptr)
    assert held.sum(axis=1)[many > 0] == pytest.approx(1.0)
    assert many.mean() == pytest.approx(5.0, abs=4 * np.sqrt(5.0 / 2000))
    with pytest.raises(ValueError, match="diversification is -1"):
        equal_portfolios(10, 10, -1.0, np.random.default_rng(1))


def test_leverage_is_kept_by_selling():
    holdings = np.array([[60.0, 40.0], [0.0, 50.0]])
    sold, caused = leverage_keeping_round(holdings, [4.0, 9.0], [-0.05, 0.0], [0.001, 0.002])
    assert sold == pytest.approx([12.0, 0.0])  # a loss of 3, four times over
    assert caused == pytest.approx([-0.001 * 7.2, -0.002 * 4.8])
    vulnerability = aggregate_vulnerability(holdings, [4.0, 9.0], [20.0, 5.0], [-0.05, 0.0], [0.001, 0.002])
    assert vulnerability == pytest.approx((60 * 0.0072 + 90 * 0.0096) / 25)
    assert leverage_keeping_round(holdings, 4.0, [-0.9, -0.9], 0.001)[0].tolist() == [100.0, 50.0]
    assert not leverage_keeping_round(holdings, 4.0, [0.1, 0.1], 0.001)[0].any()
    with pytest.raises(ValueError, match="holdings: values must be 0 or more"):
        leverage_keeping_round([[-1.0]], 1.0, [0.0], 0.1)
