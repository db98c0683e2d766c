"""What is noted of an agent that is followed."""

TRACK = ("equity_usd", "leverage", "liquidation_price_usd", "position_usd", "resting_orders")
"""Columns after the time; the last is how many of its orders rest in books."""
