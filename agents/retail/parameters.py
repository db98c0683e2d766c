"""What a scenario may say of leveraged retail."""

from typing import Literal

from pydantic import Field

from agents.crowd import Parameters


class RetailParameters(Parameters):
    """Leveraged retail traders."""

    traders: int = Field(4000, ge=0, le=5_000_000, description="number of traders")
    open_interest_over_depth: float = Field(
        50.0,
        ge=0,
        le=10_000,
        description="open interest at the start (longs) over one-sided depth within 1 %",
    )
    long_share: float = Field(
        0.7, ge=0, le=1, description="share of the initial positions, by size, that is long"
    )
    in_position: float = Field(
        0.6, ge=0, le=1, description="share of traders that hold a position at the start"
    )
    leverage_median: float = Field(6.0, ge=1, le=125, description="median leverage")
    leverage_spread: float = Field(0.8, ge=0, le=3, description="standard deviation of log leverage")
    leverage_max: int = Field(100, ge=1, le=125, description="largest leverage allowed")
    size_limit_over_depth: float = Field(
        0.5, gt=0, le=100, description="largest position over one-sided depth within 1 %"
    )
    size_tail: float = Field(1.4, gt=1, le=10, description="Pareto exponent of position sizes")
    entry_spread: float = Field(
        0.02,
        ge=0,
        le=1,
        description="standard deviation of log entry prices of initial positions around the present price",
    )
    least_distance: float = Field(
        0.04,
        ge=0,
        le=1,
        description="least fall (for shorts: rise) between the present price and liquidation at the start",
    )
    hold_hours: float = Field(
        80.0, gt=0, le=1e5, description="mean time a position is held in calm times, hours"
    )
    momentum_weight: float = Field(
        0.3, ge=0, le=10, description="weight of momentum in the direction of entry"
    )
    momentum_scale: float = Field(
        0.01, gt=0, le=1, description="log-return over the last hours that counts as strong"
    )
    recency: float = Field(
        0.0,
        ge=0,
        le=1,
        description="weight in momentum of the last ten minutes; of what is left the last hour has the same "
        "share, the last four hours the rest",
    )
    sentiment_weight: float = Field(
        0.3, ge=0, le=10, description="weight of sentiment in the direction of entry"
    )
    news_weight: float = Field(
        0.0, ge=0, le=10, description="weight of news just read, by tier, in the direction of entry"
    )
    news_scale: float = Field(
        0.02, gt=0, le=1, description="change of log value by news that counts as strong"
    )
    news_hours: float = Field(2.0, gt=0, le=1e4, description="time for which news counts as new, hours")
    chase_per_hour: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="rate at which a trader without position follows a strong move, up or down, 1/hour",
    )
    sizing: Literal["leverage", "kelly", "kelly-bet"] = Field(
        "leverage",
        description="size of an entry: the margin used times leverage; at most the exposure of Kelly by "
        "expected return over variance; at most the Kelly bet on the take-profit against the stop-loss",
    )
    overconfidence: float = Field(
        1.0, ge=0, le=100, description="size taken over the size of Kelly; above 2 ruin is certain in the end"
    )
    expected_return: float = Field(
        0.01, ge=0, le=10, description="log-return over a day that a trader expects when signals are strong"
    )
    expected_edge: float = Field(
        0.1,
        ge=0,
        le=1,
        description="chance of the take-profit, above a fair one, expected when signals are strong",
    )
    slippage: float = Field(
        0.005, gt=0, le=0.5, description="farthest from the mid that a voluntary order may trade, fraction"
    )
    clip_over_depth: float = Field(
        0.01,
        gt=0,
        le=10,
        description="largest market order of one trader in a minute over one-sided depth within 1 %",
    )
    panic_per_hour: float = Field(
        0.8, ge=0, le=3600, description="rate of leaving when sentiment is fully against the position, 1/hour"
    )
    disposition: float = Field(
        1.0,
        gt=0,
        le=100,
        description="rate of leaving in profit over rate of leaving at a loss, apart from panic",
    )
    average_down_per_hour: float = Field(
        0.0, ge=0, le=3600, description="rate of adding to a position at a loss, 1/hour"
    )
    average_down_at: float = Field(
        0.03, gt=0, le=1, description="loss since entry from which a trader adds, fraction of the price"
    )
    average_down_share: float = Field(
        0.25, gt=0, le=10, description="what it adds, over what it holds, as far as free cash goes"
    )
    top_up_per_hour: float = Field(
        0.0, ge=0, le=3600, description="rate of topping up margin that runs low from the reserve, 1/hour"
    )
    top_up_below: float = Field(
        0.5, gt=0, le=1, description="equity of the position over its initial margin below which it runs low"
    )
    reserve_share: float = Field(
        0.0, ge=0, le=100, description="money kept outside the exchange over money on it"
    )
    dip_share: float = Field(
        0.0, ge=0, le=1, description="share of traders who wait with their reserve for a deep fall"
    )
    dip_fall: float = Field(
        0.3, gt=0, lt=1, description="fall from the highest price of the run at which they buy, fraction"
    )
    dip_per_hour: float = Field(1.0, ge=0, le=3600, description="rate at which they then buy, 1/hour")
    stop_share: float = Field(0.2, ge=0, le=1, description="share of traders who leave a stop-loss")
    stop_distance: float = Field(
        0.05, gt=0, le=1, description="mean distance of stop-losses from entry, fraction"
    )
    stop_slippage: float = Field(
        0.01,
        gt=0,
        le=1,
        description="how far from its trigger a stop-loss or take-profit may trade, fraction",
    )
    profit_share: float = Field(
        0.15, ge=0, le=1, description="share of traders who leave a take-profit order"
    )
    profit_distance: float = Field(
        0.08, gt=0, le=5, description="mean distance of take-profits from entry, fraction"
    )
    rounding: float = Field(
        1.0, ge=0, le=1, description="share of stop-losses and take-profits that stand at a round number"
    )
