"""Write the table of liquidation prices of one position under the rule of each venue."""

from typing import TYPE_CHECKING, Any

from abm.rules.bankruptcy_price import inverse_bankruptcy_price, isolated_bankruptcy_price
from abm.rules.liquidation_price import price_in_tier
from abm.rules.liquidation_price_inverse import (
    inverse_price_at_maintenance,
    inverse_price_with_closing_fee,
    inverse_price_with_entry_maintenance,
)
from abm.rules.liquidation_price_linear import (
    price_from_account_value,
    price_from_equity,
    price_with_closing_fee,
    price_with_entry_maintenance,
)
from abm.rules.maintenance_margin import leverage_tiers

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = "<!-- liquidation prices -->"
HEAD = (
    "| contract | rule | maintenance margin is taken at | long | short |\n| --- | --- | --- | ---: | ---: |\n"
)
ENTRY, LEVERAGE, RATE = 10.0, 5, 0.01
OKX_TAKER_FEE = 0.0006
MARGIN = ENTRY / LEVERAGE
# Fifty times is the highest leverage whose maintenance rate on Hyperliquid is 1 %.
HYPERLIQUID_TIERS = leverage_tiers([0.0], [50])
PRICE, PRICE_AND_FEE, AT_ENTRY = "liquidation price", "liquidation price, with the closing fee", "entry"


def linear_prices(side: int) -> dict[tuple[str, str], float]:
    """Return the price of one unit under each linear rule, by (rule, where maintenance is taken)."""
    return {
        ("Binance USDS-M", PRICE): float(price_in_tier(MARGIN, 1.0, ENTRY, side, RATE, 0.0)),
        ("Hyperliquid", PRICE): float(price_from_account_value(MARGIN, 1.0, ENTRY, side, HYPERLIQUID_TIERS)),
        ("dYdX v4", PRICE): float(price_from_equity(MARGIN, side, ENTRY, RATE)),
        ("OKX, Gate", PRICE_AND_FEE): float(
            price_with_closing_fee(MARGIN, 1.0, ENTRY, side, RATE, OKX_TAKER_FEE)
        ),
        ("Bybit 2024", AT_ENTRY): float(price_with_entry_maintenance(1.0, ENTRY, side, LEVERAGE, RATE)),
        ("bankruptcy price", "none"): float(isolated_bankruptcy_price(ENTRY, LEVERAGE, side)),
    }


def inverse_prices(side: int) -> dict[tuple[str, str], float]:
    """Return the price of contracts worth 10 dollars, one coin at entry, under each inverse rule."""
    position = ENTRY, ENTRY, side, LEVERAGE, RATE
    return {
        ("Binance COIN-M", PRICE): float(
            inverse_price_at_maintenance(1 / LEVERAGE, ENTRY, ENTRY, side, RATE)
        ),
        ("Bybit 2026", PRICE): float(inverse_price_with_closing_fee(*position)),
        ("Bybit 2024, BitMEX", AT_ENTRY): float(inverse_price_with_entry_maintenance(*position)),
        ("bankruptcy price", "none"): float(inverse_bankruptcy_price(ENTRY, LEVERAGE, side)),
    }


def markdown() -> str:
    """Return the table as Markdown."""
    text = HEAD
    for contract, prices in (("linear", linear_prices), ("inverse", inverse_prices)):
        short = prices(-1)
        for key, long in prices(1).items():
            text += f"| {contract} | {key[0]} | {key[1]} | {long:.4f} | {short[key]:.4f} |\n"
    return text


def fill_in(app: "Sphinx", docname: str, source: list[str]) -> None:
    """Put the table where a page asks for it."""
    source[0] = source[0].replace(MARK, markdown())


def setup(app: "Sphinx") -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True}
