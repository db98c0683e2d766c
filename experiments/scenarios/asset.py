"""What a scenario may say of an asset: its price, its values, how deep and how crowded it is."""

from pydantic import Field

from experiments.scenarios.parts import Name, Part


class Asset(Part):
    """One asset with its spot pairs and its perpetuals."""

    name: Name = Field(description="name, such as BTC; the first asset is the leader that others follow")
    price_usd: float = Field(gt=0, le=1e9, description="value and price at the start, USD")
    tick_size_usd: float = Field(gt=0, le=1e6, description="smallest price step, USD")
    lot_size: float = Field(gt=0, le=1e9, description="smallest size step, units of the asset")
    volatility_5min: float = Field(
        0.001,
        gt=0,
        le=0.2,
        description="standard deviation of five-minute log-returns of value in calm times",
    )
    factor_share: float = Field(
        0.9, ge=0, le=1, description="correlation of the asset's value with the common factor"
    )
    news_loading: float = Field(1.0, ge=0, le=10, description="change of log value for news of size 1")
    depth_1pct_usd: float = Field(
        2.4e6, gt=0, le=1e12, description="makers' calm one-sided depth within 1 % in the perpetual, USD"
    )
    spot_depth_share: float = Field(
        0.3, gt=0, le=10, description="depth of the spot book over that of the perpetual"
    )
    retail_share: float = Field(1.0, ge=0, description="relative number of retail traders in this perpetual")
    crowding: float = Field(
        1.0, ge=0, le=100, description="factor on the retail open interest over depth of this perpetual"
    )
    value_capital: float = Field(
        1.0, ge=0, le=100, description="factor on the fundamentalists' capital over depth in this asset"
    )
    leverage_scale: float = Field(1.0, gt=0, le=10, description="factor on retail leverage in this perpetual")
    perpetual: bool = Field(True, description="whether it has perpetuals, not only spot pairs")
    follows: str = Field(
        "",
        max_length=64,
        description="asset that it is redeemed for, in the ratio of their first prices, as a staked coin is; "
        "its value then has no moves of its own",
    )
