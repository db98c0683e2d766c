"""Setting up a market: one file for each population and for each part of the world they meet."""
