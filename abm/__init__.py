"""The market: what exists whether or not anybody trades (books, ledger, rules, venues, networks, news)."""
