"""Who trades: one file for each kind of agent, behaviour only."""

KINDS: dict[str, str] = {
    "leveraged_retail": "many small accounts with heavy-tailed leverage, stop-losses and moods",
    "whale": "one large account that sells short on a schedule and covers into the fall",
    "market_maker": "quotes a ladder on every instrument and leaves when its own limits say so",
    "liquidation_engine": "applies the venue's margin, takeover and auto-deleveraging rules",
    "social_herd": "followers and influencers on a graph whose shared mood becomes orders",
    "fundamentalist": "patient capital that buys below value and sells above it",
    "index_investor": "buys a basket at regular dates, or brings it back to its share of wealth",
    "noise_trader": "the background flow of orders for reasons of their own",
    "arbitrageur": "carries prices between spot and perpetual as far as its capital goes",
    "cross_margin_fund": "whole books behind one wallet that coins of the venue's own pricing back",
    "trader": "base of agents written by hand: subclass it, write step()",
}
"""Kinds of agents, one line each."""
