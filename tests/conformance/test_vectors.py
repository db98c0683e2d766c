"""Every reference vector within its own tolerance, answered by the public rule functions."""

import json
import os
from pathlib import Path

import pytest
from evaluate import CATEGORIES, evaluate

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = Path(os.environ.get("UNDERTOW_REFERENCE", ROOT.parent / "shared" / "reference" / "vectors.json"))
FILE = REFERENCE / "vectors.json" if REFERENCE.is_dir() else REFERENCE
VECTORS = json.loads(FILE.read_text(encoding="utf-8"))["vectors"] if FILE.is_file() else []


def assert_close(value, expected, tolerance):
    """Compare numbers, lists, tables, booleans and words, numbers within the tolerance."""
    if isinstance(expected, dict):
        assert isinstance(value, dict)
        for key in expected:
            assert_close(value[key], expected[key], tolerance)
    elif isinstance(expected, list):
        assert len(value) == len(expected)
        for one, other in zip(value, expected, strict=True):
            assert_close(one, other, tolerance)
    elif isinstance(expected, bool | str | None):
        assert value == expected
    else:
        bounds = {"abs": tolerance.get("abs", 0.0), "rel": tolerance.get("rel", 0.0)}
        assert value == pytest.approx(expected, **bounds)


@pytest.mark.skipif(not VECTORS, reason=f"no reference vectors at {FILE} (set UNDERTOW_REFERENCE)")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vector(vector):
    assert_close(evaluate(vector), vector["expected"], vector["tolerance"])


def test_unknown_category_names_the_nearest():
    with pytest.raises(ValueError, match="'linear_pln' is unknown; the nearest known one is 'linear_pnl'"):
        evaluate({"category": "linear_pln", "venue": "Binance", "inputs": {}})


def test_unknown_venue_names_the_nearest():
    with pytest.raises(
        ValueError, match="'Bybit EUR' is unknown here; the nearest known one is 'Bybit USDT'"
    ):
        evaluate({"category": "bankruptcy_price", "venue": "Bybit EUR", "inputs": {}})


def test_missing_inputs_are_named():
    with pytest.raises(ValueError, match="inputs lack contracts_usd or usd; given: price"):
        evaluate({"category": "inverse_notional", "venue": "BitMEX", "inputs": {"price": 1.0}})


def test_an_input_that_is_looked_up_late_is_named():
    with pytest.raises(ValueError, match="inputs lack leverage; given: entry"):
        evaluate({"category": "bankruptcy_price", "venue": "Bybit USDT", "inputs": {"entry": 1.0}})


def test_categories_cover_the_vectors():
    assert {vector["category"] for vector in VECTORS} <= set(CATEGORIES)
