from types import SimpleNamespace

import numpy as np
import pytest

from abm.owners import Owners

PERP, SPOT, OTHER = range(3)


def exchange(positions):
    table = np.zeros(3, [("asset", "i4"), ("lot", "f8")])
    table["asset"], table["lot"] = [0, 0, 1], [0.01, 0.1, 1.0]
    return SimpleNamespace(table=table, ledger=SimpleNamespace(position=np.array(positions).T))


@pytest.fixture
def market():
    # accounts of the hub: a desk even in itself, one alone; of the dex: the other leg of the one alone
    return [exchange([[-50, 10, 0], [0, 0, 99]]), exchange([[0, 0, 0], [80, 0, 0]])]


def test_spot_in_the_same_account_is_an_opposite_leg(market):
    owners = Owners()
    assert owners.held_against(market, (0, 0), PERP, -1, 100)
    assert not owners.held_against(market, (0, 0), PERP, -1, 201)  # less than half of it
    assert not owners.held_against(market, (0, 0), PERP, 1, 100)  # a long is not hedged by a long


def test_a_leg_on_another_exchange_counts_once_the_accounts_are_joined(market):
    owners = Owners()
    assert not owners.held_against(market, (0, 1), PERP, -1, 100)
    owners.join([(0, 1), (1, 1)])
    assert owners.accounts((1, 1)) == ((0, 1), (1, 1))
    assert owners.held_against(market, (0, 1), PERP, -1, 100)


def test_another_coin_is_no_hedge(market):
    assert not Owners().held_against(market, (0, 1), PERP, -1, 1)
