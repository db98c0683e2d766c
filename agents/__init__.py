"""Who trades: one file for each kind of agent, behaviour only."""
