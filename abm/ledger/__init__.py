"""The ledger: cash, positions and margin as integer columns, and the only code that moves money."""
