"""The metrics of a run, and of each of its exchanges: names, units and titles."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """Unit and title; a unit is ``ratio``, ``share`` (0 to 1), ``count``, or its own name."""

    unit: str
    title: str


METRICS: dict[str, Metric] = {
    "total_fall": Metric("%", "Fall of BTC from P0 to the low"),
    "news_leg": Metric("%", "Direct reaction to the news"),
    "amplification": Metric("ratio", "Whole fall over direct reaction"),
    "fall_in_calm_deviations": Metric("sd of calm", "Fall in standard deviations of the calm"),
    "first_leg": Metric("%", "First leg of the fall"),
    "second_leg": Metric("%", "Second leg of the fall"),
    "second_leg_minutes": Metric("minutes", "Length of the second leg"),
    "first_leg_given_back": Metric("share", "Share of the first leg given back 7 to 9 hours later"),
    "time_to_low_minutes": Metric("minutes", "Time from P0 to the low"),
    "alt_to_btc_fall_ratio": Metric("ratio", "Fall of the ALT over fall of BTC"),
    "alt_fall": Metric("%", "Fall of the ALT from P0 to the low"),
    "eth_to_btc_fall_ratio": Metric("ratio", "Fall of ETH over fall of BTC"),
    "half_recovery_minutes": Metric("minutes", "Half of the fall first given back after"),
    "half_recovery_sustained_minutes": Metric("minutes", "Half of the fall given back and kept after"),
    "recovery_share_1h": Metric("share", "Given back 1 hour after the low"),
    "recovery_share_1d": Metric("share", "Given back 1 day after the low"),
    "recovery_share_3d": Metric("share", "Given back 3 days after the low"),
    "recovery_share_median_1_24h": Metric("share", "Given back, median of 1 to 24 hours after the low"),
    "volatility_ratio_1d": Metric("ratio", "Volatility of the first day after the low over calm"),
    "volatility_ratio_3d": Metric("ratio", "Volatility of the third day after the low over calm"),
    "crash_to_calm_volatility": Metric("ratio", "Volatility of the worst stretch over calm"),
    "crash_to_calm_hourly_volatility": Metric("ratio", "Hourly volatility of the crash over calm"),
    "depth_1pct_collapse": Metric("ratio", "Ask depth within 1 %, calm over worst minute"),
    "depth_1pct_collapse_bid": Metric("ratio", "Bid depth within 1 %, calm over worst minute"),
    "depth_refilled_100min": Metric("share", "Calm ask depth back 100 minutes after the low"),
    "volume_spike": Metric("ratio", "Volume, busiest 5 minutes over calm median"),
    "volume_spike_1h": Metric("ratio", "Volume, busiest hour over calm mean"),
    "volume_spike_1h_to_median": Metric("ratio", "Volume, busiest hour over calm median hour"),
    "open_interest_change": Metric("%", "Change of BTC open interest, P0 to its lowest in the crash"),
    "open_interest_change_adl_venue": Metric("%", "Change of open interest where most was deleveraged, USD"),
    "liquidated_over_open_interest": Metric("share", "Forced closing over open interest at P0"),
    "long_share_of_liquidations": Metric("share", "Share of longs in forced closing"),
    "liquidations_in_worst_40min": Metric("share", "Share of forced closing in its worst 40 minutes"),
    "adl_share_of_forced": Metric("share", "Auto-deleveraged share of forced closing"),
    "adl_delay_seconds": Metric("seconds", "From the first liquidation to the first auto-deleveraging"),
    "bad_debt": Metric("share", "Losses beyond margin over open interest at P0"),
    "hedged_deleveraged": Metric("count", "Accounts of funds and arbitrage desks deleveraged"),
    "adl_in_profit_share": Metric("share", "Auto-deleveraged positions that were in profit"),
    "funding_minimum": Metric("bp per 8 h", "Lowest funding rate within 3 days"),
    "basis_minimum": Metric("bp", "Lowest basis of perpetual over spot"),
    "equity_beta_share": Metric("share", "Share of the worst leg explained by equities"),
    "equity_correlation_jump": Metric("correlation", "Correlation with equities in the crash, less before"),
    "equity_day_move": Metric("%", "Move of the equity index within a day of P0"),
    "insurance_fund_change": Metric("%", "Change of the insurance fund over the crash"),
    "venue_gap": Metric("% of P0", "Largest gap between exchanges in the price of BTC"),
    "venue_gap_other": Metric("% of P0", "Largest gap between exchanges in another coin"),
    "venue_gap_minutes": Metric("minutes", "Time with a gap above 5 % of P0 in any coin"),
    "branching_ratio": Metric("ratio", "Liquidations that one causes directly"),
    "branching_ratio_error": Metric("ratio", "Standard error of that"),
    "herding_index": Metric("share", "Herding of the crowd in the crash (LSV)"),
    "herding_index_calm": Metric("share", "Herding of the crowd before it (LSV)"),
    "fragility": Metric("ratio", "Longs that breach within 10 % of P0 over bids there, BTC"),
    "maker_withdrawals": Metric("count", "Withdrawals of makers, each instrument counted"),
    "adl_waves": Metric("count", "Waves of auto-deleveraging, all exchanges"),
    "backstop_to_adl_seconds": Metric("seconds", "From the first backstop to deleveraging there"),
    "lost_hedges": Metric("count", "Accounts deleveraged that held an opposite leg"),
    "collateral_lowest": Metric("share", "Lowest price of a pegged collateral coin over its worth"),
    "rebound_after_outage": Metric("%", "Move of BTC in 15 minutes from the start of the longest outage"),
    "rebound_after_outage_share": Metric("share", "That move over the second leg"),
    "institutions_failed": Metric("count", "Institutions that failed by the end of the crash"),
    "institutions_called": Metric("count", "Margin calls on institutions by the end of the crash"),
    "credit_loss": Metric("million USD", "Claims that failed institutions will not pay, end of the crash"),
}

VENUE_METRICS: dict[str, Metric] = {
    "fall": Metric("%", "Fall of BTC there, from P0 to the low"),
    "alt_fall": Metric("%", "Fall of the ALT there"),
    "forced": Metric("million USD", "Closed by force"),
    "adl": Metric("million USD", "Auto-deleveraged"),
    "adl_waves": Metric("count", "Waves of auto-deleveraging"),
    "fund_change": Metric("million USD", "Change of the insurance fund"),
    "fund_change_share": Metric("share", "Change of the insurance fund over its cash at P0"),
    "makers_withdrawn": Metric("count", "Withdrawals of makers, each instrument counted"),
    "outage_minutes": Metric("minutes", "Time with a feed more than 2 s late"),
    "halts": Metric("count", "Halts of trading, each instrument counted"),
    "refused": Metric("count", "Orders refused before matching, whole run"),
    "collateral_lowest": Metric("share", "Lowest price of a pegged collateral coin over its worth"),
}
