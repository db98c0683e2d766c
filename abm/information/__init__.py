"""What happens outside the market: fundamental values, news, an outside equity index."""
