"""Vectors of prices and funding in other shapes: sides, sources and inputs that are missing, other levels."""

import pytest
from price_categories import CATEGORIES, named_inputs

MWCB = [4_650.0, 4_350.0, 4_000.0]


@pytest.mark.parametrize(
    ("category", "venue", "inputs", "expected"),
    [
        ("mark_price", "Hyperliquid", {"mids": {"OKX": 101, "Bybit": 99, "Gate": 98, "MEXC": None}}, 99),
        ("mark_price", "Hyperliquid", {"mids": {"Binance": None}}, None),
        # three inputs: 101, median(98, 100, 99), 103
        (
            "mark_price",
            "Hyperliquid",
            {"oracle": 100, "basis_ema": 1, "bid": 98, "ask": 100, "last": 99, "mids": {"OKX": 103}},
            101,
        ),
        (
            "mark_price",
            "Binance",
            {"index": 100, "last_funding": 0, "hours_to_funding": 1, "basis_samples": [2], "last": None},
            102,
        ),
        ("index_price", "Binance", {"prices": [100, None, 102], "weights": [1, 1, 3]}, 101.5),
        ("impact_price", "dYdX v4", {"bids": [[50_000, 1], [49_999, 1]], "notional": 99_999}, 49_999.5),
        ("impact_price", "dYdX v4", {"bids": [], "notional": 1}, None),
        ("impact_notional", "Binance", {"max_leverage": 50}, 10_000),
        ("funding_rate", "Binance/BitMEX", {"premiums": [0.01, -0.01]}, [0.0095, -0.0095]),
        (
            "funding_rate",
            "Hyperliquid",
            {"impact_ask": 99, "oracle": 100},
            {"premium": -0.01, "rate_8h": -0.0095},
        ),
        ("funding_payment", "Hyperliquid", {"size": -10, "oracle": 10_000, "rate_8h": 0.9}, -4_000),
        ("price_impact", "GMX v2", {"before": 50_000, "after": 0, "exponent": 2, "factor": 2e-7}, 500),
        ("circuit_breaker", "NYSE MWCB", {"prior_close": 5_000}, MWCB),
        ("circuit_breaker", "KRX", {"prior_close": 1_000}, [920, 850, 800]),
        ("price_band", "OKX", {"index": 100, "x": 0.02}, [102, 98]),
        ("iceberg", "Vega", {"displayed": [5, 5], "hidden": [95, 95], "aggressor": 30}, [15, 15]),
        ("pro_rata", "CME", {"orders": [10, 30], "aggressor": 60, "min_lot": 2}, [10, 30]),
    ],
)
def test_answers(category, venue, inputs, expected):
    answer = CATEGORIES[category](venue, inputs)
    assert answer == (expected if expected is None else pytest.approx(expected))


def test_the_formula_tells_the_step_of_an_allocation():
    inputs = {"orders": [5, 9, 57, 4, 28, 300], "aggressor": 50, "min_lot": 2}
    for formula, expected in (
        ("floor(q/total*agg), below min -> 0", [0, 0, 7, 0, 3, 37]),
        ("residual by time priority", [3, 0, 7, 0, 3, 37]),
    ):
        vector = {"category": "pro_rata", "venue": "CME", "inputs": inputs, "formula": formula}
        assert CATEGORIES["pro_rata"]("CME", named_inputs(vector)) == expected


def test_a_missing_input_is_named():
    with pytest.raises(ValueError, match=r"inputs lack aggressor; given: hidden"):
        CATEGORIES["iceberg"]("Vega", {"hidden": [1]})
