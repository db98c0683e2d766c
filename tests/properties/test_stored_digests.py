"""Random streams, order books and ledger find the very bytes that are stored in the repository.

The stored digests were made with Python 3.11. After a change that is meant to change them, store new ones:
``PYTHONPATH=. python tests/properties/stored_run.py --store``. The whole model, which computes with floating
point, is compared between interpreters instead (`test_determinism`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import stored_run

from abm.book import messages as m

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [name for name in os.environ.get("UNDERTOW_OTHER_PYTHON", "").split(os.pathsep) if name]


@pytest.fixture(scope="module")
def whole_run():
    return stored_run.run()


def test_the_stored_bytes():
    assert stored_run.digests() == json.loads(stored_run.STORED.read_text())


def test_the_run_meets_every_kind_of_outcome_and_loses_no_money(whole_run):
    _, ledger, table, fills = whole_run
    unmet = {m.PENDING, m.REJECTED_PRICE, m.REJECTED_LOTS, m.REJECTED_DUPLICATE, m.REJECTED_MALFORMED}
    before_the_book = {m.REJECTED_MARGIN, m.REJECTED_BAND, m.REJECTED_HALT, m.REJECTED_RATE}
    assert set(np.unique(table["status"])) == set(m.STATUS_NAMES) - unmet - before_the_book
    assert len(fills) > 5_000
    assert set(fills["source"]) == {m.OWN, m.STOP}
    assert ledger.cash.sum() + ledger.isolated_margin.sum() == 0
    assert (ledger.isolated_margin > 0).any()


def test_one_lot_more_is_another_digest(whole_run):
    _, ledger, _, _ = whole_run
    before = stored_run.digest([ledger.cash])
    changed = ledger.cash.copy()
    changed[0, -1] += 1
    assert stored_run.digest([changed]) != before


@pytest.mark.slow
@pytest.mark.parametrize("python", OTHERS or [None])
def test_the_stored_bytes_on_another_python(python):
    """Set UNDERTOW_OTHER_PYTHON to interpreters that have the dependencies, separated like paths."""
    if python is None:
        pytest.skip("UNDERTOW_OTHER_PYTHON names no interpreter")
    assert digests_elsewhere(python) == json.loads(stored_run.STORED.read_text())


@pytest.mark.slow
def test_the_stored_bytes_with_compilation_off():
    assert digests_elsewhere(sys.executable, NUMBA_DISABLE_JIT="1") == json.loads(
        stored_run.STORED.read_text()
    )


def digests_elsewhere(python, **environment):
    done = subprocess.run(
        [python, "-W", "error", stored_run.__file__],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
