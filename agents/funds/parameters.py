"""What a scenario may say of cross-margin funds."""

from pydantic import Field

from agents.crowd import Parameters


class CrossMarginFundParameters(Parameters):
    """Cross-margin funds."""

    funds: int = Field(0, ge=0, le=100_000, description="number of funds, all on the hub")
    long_over_depth: float = Field(
        10.0,
        ge=0,
        le=10_000,
        description="long positions of all funds in each perpetual but the hedges, over one-sided depth "
        "within 1 %",
    )
    hedges: int = Field(
        2, ge=1, le=20, description="number of perpetuals, from the first, that are sold as the hedge"
    )
    coins: int = Field(3, ge=1, le=20, description="most long positions of one fund")
    hedged_share: float = Field(
        0.7, ge=0, le=1, description="share of funds with a hedged book; the rest are only long"
    )
    hedge_ratio: float = Field(
        1.0, gt=0, le=5, description="short positions over long ones in a hedged book, by value"
    )
    leverage: float = Field(
        3.0, gt=0, le=50, description="median gross position over equity, coins counted as the venue does"
    )
    leverage_spread: float = Field(
        0.3, ge=0, le=2, description="standard deviation of the log of that leverage between funds"
    )
    limit_over_leverage: float = Field(
        1.5, gt=1, le=100, description="leverage over the wanted one at which a fund sheds positions"
    )
    least_margin: float = Field(
        1.5, ge=1, le=100, description="smallest equity of a fund over its maintenance margin at the start"
    )
    cash_share: float = Field(0.2, ge=0, le=1, description="share of equity in cash; the rest is coins")
    looper_share: float = Field(
        0.3, ge=0, le=1, description="share of funds that borrow to hold coins without a perpetual instead"
    )
    loop_leverage: float = Field(3.0, ge=1, le=50, description="coins of a looper over its own money")
    loops_over_depth: float = Field(
        10.0, ge=0, le=10_000, description="coins of all loopers over one-sided depth within 1 % of each coin"
    )
    rehedge_share: float = Field(
        0.3, ge=0, le=1, description="share of hedged funds that buy a lost side back"
    )
    deep_first_share: float = Field(
        0.5, ge=0, le=1, description="share of funds that shed their deepest legs first, not all alike"
    )
    uneven_limit: float = Field(
        0.15, gt=0, le=1, description="difference between the shares held of both sides that is left alone"
    )
    rebalance_per_hour: float = Field(
        0.25, ge=0, le=3600, description="rate of setting the book anew at present prices and equity, 1/hour"
    )
    rate_per_hour: float = Field(360.0, gt=0, le=36000, description="how often each looks, 1/hour")
    cut_s: float = Field(
        120.0, gt=0, le=1e6, description="time over which excess positions or debts are shed, seconds"
    )
    clip_over_depth: float = Field(
        0.1,
        gt=0,
        le=10,
        description="most that one fund trades of an instrument in a minute over one-sided depth within 1 %",
    )
    slippage: float = Field(
        0.01, gt=0, le=0.5, description="farthest from the mid that an order may trade, fraction"
    )
    stale_feed_s: float = Field(5.0, gt=0, le=1e5, description="feed delay beyond which none acts, seconds")
