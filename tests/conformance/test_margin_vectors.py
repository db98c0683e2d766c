"""More vectors of the margin and liquidation categories, in the shape of the reference file.

Expected values come from the sources named in each row, or from the formula written out in it.
"""

import pytest
from evaluate import evaluate

BTC = [[0, 50e3, 0.004, 125, 0], [50e3, 600e3, 0.005, 100, 50], [600e3, None, 0.0065, 75, 950]]
TWO_LONGS = {
    "BTC": {"qty": 109.488, "entry": 32481.98, "mark": 31967.27, "mmr": 0.025, "cum": 16300},
    "ETH": {"qty": 3683.979, "entry": 1456.84, "mark": 1335.18, "mmr": 0.1, "cum": 135365},
}
LONG_AND_SHORT = {
    "longs": {"ETH": {"qty": 1, "entry": 100, "mark": 90, "mmr": 0.01, "cum": 0}},
    "shorts": {"BTC": {"qty": 1, "entry": 200, "mark": 190, "mmr": 0.02, "cum": 1}},
}
BYBIT_INVERSE = {"usd": 60_000, "entry": 50_000, "leverage": 10, "mmr": 0.005}


@pytest.mark.parametrize(
    ("category", "venue", "inputs", "expected"),
    [
        # Binance Portfolio Margin Pro table
        ("linear_pnl", "Binance", {"side": 1, "qty": 0.04, "entry": 52_350, "mark": 42_000}, -414.0),
        ("linear_pnl", "nautilus", {"fills": [[-2, 100], [-2, 200]], "mark": 100}, 200.0),
        ("linear_pnl", "nautilus", {"side": -1, "fills": [[2, 100], [2, 200]], "mark": 100}, 200.0),
        ("inverse_pnl", "Bybit", {"fills": [[50, 10e3], [50, 15e3]], "mark": 12e3}, 0.0),
        # nautilus_trader cash.rs: taker of the same contract
        ("fee", "BitMEX/nautilus", {"contracts_usd": 1e5, "price": 11450.5, "taker": 0.00075}, 0.00654993),
        ("fee", "nautilus", {"qty": 2, "price": 100, "taker": 0.001, "maker": 0, "role": "taker"}, 0.2),
        # nautilus_trader margin.rs: initial margin of 1 % without leverage
        (
            "inverse_margin",
            "BitMEX/nautilus",
            {"contracts_usd": 100_000, "price": 11493.6, "imr": 0.01},
            0.08700494,
        ),
        ("margin_tier", "Hyperliquid", {"max_leverages": [25, 10]}, [0.02, 0.05]),
        (
            "margin_tier",
            "Hyperliquid",
            {"notional": 1e8, "tiers": [[0, 25], [1e8, 15]]},
            {"deduction": 0.0, "maintenance_margin": 2e6},
        ),
        (
            "margin_tier",
            "Binance",
            {"notional": 9e6, "tiers_floor_cap_mmr_lev_cum": BTC},
            {"maintenance_margin": 57_550.0, "max_leverage": 75},
        ),
        ("margin_tier", "Binance", {"tiers": BTC}, [0, 50, 950]),
        # dYdX v4-chain liquidity_tier_test.go
        (
            "oi_scaled_initial_margin",
            "dYdX v4",
            {
                "initial_margin_ppm": 200_000,
                "quote_quantums": 500_000,
                "open_notional": 28_123_456_789_123,
                "lower_cap": 25_000_000_000_000,
                "upper_cap": 60_000_000_000_000,
            },
            135_697,
        ),
        ("oi_scaled_initial_margin", "dYdX v4", {"initial_margin_ppm": 100_000, "quote_quantums": 1}, 1),
        # freqtrade test_binance.py
        (
            "liquidation_price_isolated",
            "Binance",
            {"WB": 1535443.01, "cum": 16300, "side": 1, "qty": 109.488, "entry": 32481.98, "mmr": 0.025},
            18778.73,
        ),
        (
            "liquidation_price_cross",
            "Binance",
            {"WB": 1535443.01, "longs": TWO_LONGS, "solve_for": "BTC"},
            26316.89,
        ),
        (
            "liquidation_price_cross",
            "Binance",
            {"WB": 1535443.01, "longs": TWO_LONGS, "solve_for": ["BTC", "ETH"]},
            {"BTC": 26316.893, "ETH": 1153.2565},
        ),
        # (WB - TMM + UPNL + cum - side q EP) / (q mmr - side q), with the other leg at its mark
        (
            "liquidation_price_cross",
            "Binance",
            {"WB": 50, **LONG_AND_SHORT, "solve_for": "BTC"},
            (50 - 0.9 - 10 + 1 + 200) / 1.02,
        ),
        (
            "liquidation_price_cross",
            "Binance",
            {"WB": 50, **LONG_AND_SHORT, "solve_for": "ETH"},
            (50 - (190 * 0.02 - 1) + 10 - 100) / (0.01 - 1),
        ),
        (  # hedge mode: long and short in the same contract
            "liquidation_price_cross",
            "Binance",
            {
                "WB": 50,
                "longs": {"BTC": {"qty": 3, "entry": 100, "mmr": 0.01, "cum": 2}},
                "shorts": {"BTC": {"qty": 1, "entry": 120, "mmr": 0.02, "cum": 1}},
                "solve_for": "BTC",
            },
            (50 + 2 + 1 - 300 + 120) / (0.03 + 0.02 - 3 + 1),
        ),
        (
            "liquidation_price_isolated",
            "Binance",
            {"side": 1, "leverage": 5, "entry": 60_000, "qty": 10, "tiers": BTC},
            (120_000 + 50 - 600_000) / (10 * 0.005 - 10),
        ),
        (
            "liquidation_price_isolated",
            "OKX",
            {"side": 1, "leverage": 5, "entry": 10, "mmr": 0.01, "taker": 0},
            8 / 0.99,
        ),
        (
            "liquidation_price_isolated",
            "Bybit",
            {"side": 1, "entry": 20_000, "leverage": 50, "qty": 2, "mmr": 0.005, "extra": 1_000},
            19_200.0,
        ),
        # freqtrade test_hyperliquid.py
        (
            "liquidation_price_isolated",
            "Hyperliquid",
            {"side": 1, "entry": 66930.0, "size": 0.0015, "collateral": 20.043862, "max_leverage": 50},
            54108.51043771,
        ),
        (
            "liquidation_price_isolated",
            "dYdX v4",
            {"equity": 1_000, "size": 3, "price": 3_000, "mmf": 0.05, "mmr_others": 100},
            8_100 / 2.85,
        ),
        # Bybit help centre, 2024 and 2026 formulas
        ("liquidation_price_inverse", "Bybit", {"side": 1, **BYBIT_INVERSE}, 60_000 / (1.2 + 0.12 - 0.006)),
        (
            "liquidation_price_inverse",
            "Bybit",
            {"side": -1, **BYBIT_INVERSE, "version": "2026-05-27"},
            60_000 * 0.995 / (1.2 - 0.12),
        ),
        (
            "liquidation_price_inverse",
            "Bybit",
            {"side": 1, **BYBIT_INVERSE, "taker": 0.0005, "extra": 0.1},
            60_000 * 1.005 / (1.2 + 0.12 + 0.1 / 1.0005),
        ),
        (
            "liquidation_price_inverse",
            "Bybit",
            {"side": -1, "usd": 1e4, "entry": 8e3, "balance": 2, "mmr": 0.005, "taker": 0.00075},
            {"bankruptcy": None, "liquidation_rounded_down_to_tick": None},
        ),
        ("bankruptcy_price", "Bybit inverse", {"entry": 10, "leverage": 5, "side": -1}, 12.5),
        ("bankruptcy_price", "Bybit USDT", {"entry": 10_000, "leverage": 50, "side": "short"}, 10_200.0),
        ("bankruptcy_price", "dYdX v4", {"deposit": 100, "size": 500, "entry": 1}, 0.8),
        # dYdX v4-chain liquidations_test.go
        (
            "bankruptcy_price_cross",
            "dYdX v4",
            {
                "quote_balance_quantums": 110_000_000,
                "position_quantums": -100_000_000,
                "delta_quantums": 100_000_000,
                "others": [[400_000, 500.0]],
                "price_quote_per_base_quantum": 3.0,
                "mmf": 0.1,
            },
            -306_000_000,
        ),
        (
            "liquidation_limit_price",
            "dYdX v4",
            {
                "quote_usd": 4500.0,
                "position": -0.1,
                "oracle": 50_000,
                "mmf": 0.1,
                "BA": 1.0,
                "SMMR": 0.1,
                "others": [],
            },
            50_500,
        ),
        (
            "liquidation_limit_price",
            "dYdX v4",
            {
                "quote_usd": -490,
                "position": 0.004,
                "oracle": 5e4,
                "mmf": 0.1,
                "SMMR": 0.1,
                "others": [{"eth": 0.1}],
            },
            (200 - 0.8 * 0.1 * 20) / 0.004,
        ),
        # Bybit article's tiers
        ("collateral_haircut", "Bybit", {"qty": -4, "tiers": [[0, 10, 0.98], [10, None, 0.5]]}, -4.0),
        ("collateral_haircut", "Bybit", {"qty": 12, "tiers": [[0, 10, 0.98], [10, None, 0.5]]}, 10.8),
        (
            "portfolio_margin",
            "Binance PM Pro",
            {"equity": 105, "mm": 100},
            {"unimmr": 1.05, "state": "liquidate"},
        ),
        ("portfolio_margin", "Binance PM Pro", {"equity": 200, "mm": 100}, {"unimmr": 2.0, "state": "ok"}),
        (
            "portfolio_margin",
            "Binance PM Pro",
            {"assets": [[100, 0.9], [-50, 0.9]], "mm": 32},
            {"unimmr": 1.25, "state": "warn"},
        ),
        (
            "liquidation_size",
            "Drift",
            {
                "shortage": 10,
                "margin_ratio": 0.1,
                "liquidator_fee": 0.01,
                "if_fee": 0.01,
                "price": 100,
                "quote_price": 1,
            },
            1.25,
        ),
        (
            "liquidation_size",
            "Hyperliquid",
            {"cases": [[100_000, False], [1e6, True], [1e6, False]]},
            [1e5, 1e6, 2e5],
        ),
        (
            "liquidation_size",
            "dYdX v4",
            {"position_notional": 50, "min_notional": 100, "max_ppm": 1e5},
            [50, 50],
        ),
        ("liquidation_fee_ramp", "Drift", {"base": 0.01, "max": 0.05, "slots": 1_500}, 0.0115),
        (
            "tick_size",
            "Hyperliquid",
            {"prices": ["1.23456", 12345.0, "0.01"], "szDecimals": 2},
            [False, True, True],
        ),
    ],
)
def test_margin_vector(category, venue, inputs, expected):
    value = evaluate({"category": category, "venue": venue, "inputs": inputs})
    if isinstance(expected, dict):
        assert {key: found for key, found in value.items() if isinstance(found, str | None)} == {
            key: found for key, found in expected.items() if isinstance(found, str | None)
        }
        value = {key: found for key, found in value.items() if isinstance(found, int | float)}
        expected = {key: found for key, found in expected.items() if isinstance(found, int | float)}
    assert value == pytest.approx(expected, rel=1e-6, abs=1e-6)
