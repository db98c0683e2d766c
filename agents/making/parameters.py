"""What market makers are like."""

from pydantic import Field

from agents.crowd import Parameters


class MarketMakerParameters(Parameters):
    """Market makers."""

    makers: int = Field(6, ge=0, le=1000, description="number of market makers")
    tolerance: float = Field(
        3.0,
        ge=1,
        le=100,
        description="volatility over its normal up to which makers behave as in calm times",
    )
    doubt_power: float = Field(
        0.5,
        ge=0,
        le=3,
        description="exponent of doubt in the own model on volatility over what is tolerated",
    )
    requote_s: float = Field(
        2.0,
        gt=0,
        le=1e4,
        description="time between two looks at its ladder, seconds",
    )
    half_spread: float = Field(
        0.00008, gt=0, le=0.1, description="half-spread in calm times, fraction of the price"
    )
    follow_s: float = Field(
        60.0,
        gt=0,
        le=1e5,
        description="time to take a change of the mid into the fair price in calm times, seconds",
    )
    anchor_s: float = Field(
        200.0,
        gt=0,
        le=1e6,
        description="time in which belief returns to fundamental value in calm times, seconds",
    )
    news_delay_s: float = Field(4.0, gt=0, le=1e5, description="time to take in a change of value, seconds")
    pick_off_news: float = Field(
        0.003,
        gt=0,
        le=1,
        description="change of value within a minute at which it trades against quotes left behind, fraction",
    )
    pick_off_size: float = Field(
        0.5, ge=0, le=100, description="size of such a trade over own calm one-sided depth within 1 %"
    )
    leader_weight: float = Field(
        0.6,
        ge=0,
        le=1.5,
        description="how far, in a very volatile market, beliefs about a coin follow what moves the other "
        "coins away from value",
    )
    reference_s: float = Field(
        15.0,
        gt=0,
        le=1e5,
        description="away from the hub: time to take over the hub's price of the same coin, seconds",
    )
    hedge_at: float = Field(
        0.5,
        gt=0,
        le=100,
        description="inventory of a coin on all exchanges, over its limit on the hub, beyond which what is "
        "held elsewhere is hedged there with orders that take",
    )
    hedge_slippage: float = Field(
        0.002, gt=0, le=0.5, description="farthest from the mid that a hedge may trade, fraction"
    )
    skew: float = Field(
        0.006, ge=0, le=0.2, description="shift of the ladder at full inventory, fraction of the price"
    )
    inventory_over_depth: float = Field(
        5.0, gt=0, le=1000, description="inventory limit over own calm one-sided depth within 1 %"
    )
    size_power: float = Field(
        0.6, ge=0, le=5, description="exponent of size on tolerated over present volatility"
    )
    widen_power: float = Field(
        0.3, ge=0, le=5, description="exponent of ladder distances on volatility over what is tolerated"
    )
    shrink_s: float = Field(60.0, gt=0, le=1e5, description="time to cut size, seconds")
    refill_s: float = Field(
        60.0,
        gt=0,
        le=1e7,
        description="time in which a side that was traded against is shown again, seconds",
    )
    restore_s: float = Field(20_000.0, gt=0, le=1e7, description="time to bring size back, seconds")
    risk_limit: float = Field(
        3.5,
        gt=1,
        le=1e3,
        description="median of size over calm size times volatility over what is tolerated, that makers bear",
    )
    limit_spread: float = Field(
        0.4, ge=0, le=3, description="standard deviation of the log of that limit between makers"
    )
    loss_limit: float = Field(
        0.10, gt=0, le=1, description="loss over about an hour, share of capital, at which makers leave"
    )
    stale_feed_s: float = Field(2.0, gt=0, le=1e5, description="feed delay at which makers leave, seconds")
    return_s: float = Field(
        600.0, gt=0, le=1e7, description="mean time to come back once the reason is gone, seconds"
    )
    return_size: float = Field(0.1, ge=0, le=1, description="share of calm size on return")
    may_withdraw: bool = Field(
        True,
        description="whether it may leave; otherwise it quotes on, whatever happens, in the size it bears",
    )
    least_size: float = Field(
        0.0,
        ge=0,
        le=1,
        description="smallest share of calm size that it must offer while it quotes, before what was just "
        "traded and its inventory limit",
    )
    latency_ms: float = Field(8.0, ge=0, le=1e4, description="time from decision to book, milliseconds")
    capital_over_depth: float = Field(
        10.0, gt=0, le=1e4, description="capital over own calm one-sided depth, all instruments"
    )
    leverage: int = Field(3, ge=1, le=125, description="leverage of its accounts")
