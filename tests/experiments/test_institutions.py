"""Institutions of a scenario: what a file of debts may say, what absence means, and who they are for Mesa."""

from types import SimpleNamespace

import numpy as np
import pytest

from abm.ledger.invariants import broken_invariants
from abm.networks.credit_network import CreditNetwork
from agents.institution import Institution, InstitutionParameters
from agents.institution_kinds import INSTITUTION_KINDS
from experiments.build import build
from experiments.building.institutions import draw_debts, kinds_of
from experiments.errors import InputError
from experiments.scenarios import load

NAMES = ("fund-1", "lender-1")


def debts_of(text, tmp_path):
    (tmp_path / "debts.txt").write_text(text)
    scenario = SimpleNamespace(
        institution=InstitutionParameters(institutions=2, edges="debts.txt"), folder=tmp_path
    )
    kinds = [INSTITUTION_KINDS[name.partition("-")[0]] for name in NAMES]
    stage = SimpleNamespace(scenario=scenario)
    return draw_debts(stage, kinds, NAMES, np.zeros(2), np.random.default_rng(1))


def test_debts_from_a_file(tmp_path):
    network = debts_of("# who, whom, USD\nfund-1 lender-1 250\n\nfund-1, lender-1, 50.5  # more\n", tmp_path)
    assert network.owed.toarray().tolist() == [[0.0, 300.5e6], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "fund-1 lender-1 -5",
            r"institution.edges: owed by fund-1 to lender-1 is -5000000.0; it must be 0 or",
        ),
        ("fund-1 fund-1 5", r"institution.edges: fund-1 owes 5000000.0 to itself"),
        (
            "fund-1 bank-1 5",
            r"line 1: 'fund-1 bank-1 5'; no institution is called 'bank-1', they are fund-1, l",
        ),
        ("fund-1 lender-1", r"line 1: 'fund-1 lender-1' is not a debtor, a creditor and an amount in USD"),
        ("fund-1 lender-1 much", r"'much' is not an amount in USD"),
    ],
)
def test_faulty_debts_are_refused(line, words, tmp_path):
    with pytest.raises(InputError, match=words):
        debts_of(line, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    scenario = SimpleNamespace(
        institution=InstitutionParameters(institutions=2, edges="none.txt"), folder=tmp_path
    )
    kinds = [INSTITUTION_KINDS["fund"]] * 2
    with pytest.raises(InputError, match=r"institution.edges: .*none.txt"):
        draw_debts(SimpleNamespace(scenario=scenario), kinds, NAMES, np.zeros(2), np.random.default_rng(1))


def test_numbers_of_each_kind():
    assert kinds_of(InstitutionParameters(institutions=4, kinds={"lender": 1, "fund": 3})) == [
        "lender",
        *["fund"] * 3,
    ]
    assert len(kinds_of(InstitutionParameters(institutions=24))) == 24


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("institution.kinds", {"fnd": 1}, "did you mean fund"),
        ("institution.haircut", 1.5, "institution.haircut: .* less than or equal to 1"),
        ("institution.reveal_s", -1, "institution.reveal_s: .* greater than or equal to 0"),
    ],
)
def test_faulty_keys_are_refused(key, value, words):
    with pytest.raises(InputError, match=words):
        load("calm", {key: value})


def test_without_institutions_nothing_changes(small):
    models = [
        build(small(over), 1, views=False)
        for over in (
            {"institution.institutions": 0},
            {"institution.institutions": 0, "institution.haircut": 0.9},
        )
    ]
    for model in models:
        for _ in range(5):
            model.step()
        assert not any(isinstance(item, CreditNetwork) for item in model.networks)
        assert "defaults" not in model.event_tables()
    one, two = (model.recorder for model in models)
    assert one.by_instrument[:5].tobytes() == two.by_instrument[:5].tobytes()
    assert list(one.world) == list(two.world)
    assert "debt_rank" not in one.world


def test_institutions_are_mesa_agents_with_balanced_books(small):
    model = build(small({"institution.institutions": 12}), 1)
    firms = model.agents_by_type[Institution]
    assert len(firms) == 12
    assert {firm.state for firm in firms} == {"sound"}
    assert min(firms.get("equity_usd")) > 0.0
    assert all(1.0 <= firm.leverage < firm.limit for firm in firms)
    network = next(item for item in model.networks if isinstance(item, CreditNetwork))
    for _ in range(12):
        model.step()
    assert broken_invariants(model.hub.ledger) == []
    table = network.table
    assert int(network.debts.owed.sum()) == int(table["claims"].sum()) + int(network.debts.written.sum())
    assert 0.0 <= model.recorder.world["debt_rank"][11] <= 1.0
