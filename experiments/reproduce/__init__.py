"""Papers whose numbers are reproduced, one file each: ``undertow reproduce`` lists and runs them.

A file has a function ``reproduce()`` that calls the parts that scenarios run and returns the table of
`experiments.reproduce.comparison.compared`. Add a paper by an entry here.
"""

PAPERS: dict[str, str] = {
    "caccioli2014": "overlapping portfolios: chance of a wave of fire sales by diversification",
    "chitra2025": "auto-deleveraging worked by hand: funding, equity, prices, queue and pro rata",
    "cont_bouchaud2000": "clusters of traders on a random graph: law of sizes, kurtosis of demand",
    "debtrank2012": "distress on a ring of three banks, by the rules of 2012 and 2015",
    "eisenberg_noe2001": "clearing payments of four and of three banks",
    "first_passage": "chance of liquidation within a day at 10x and 20x, checked each minute",
    "gai_kapadia2010": "interbank defaults: frequency and extent of contagion by mean degree",
    "glosten_milgrom1985": "quotes against informed traders: how the spread closes, what the belief misses",
    "granovetter1978": "riots: one threshold of a hundred, and the spread at which a crowd tips",
    "hawkes1971": "branching ratio of a self-exciting process, found again from its events",
    "hyperliquid_adl": "auto-deleveraging of 2025-10-10 replayed position by position (needs data)",
    "kelly1956": "growth and ruin by the size of the bet",
    "kirman1993": "herding switch: stationary law of the number of optimists",
    "kyle1985": "one auction with an insider: impact, profit, what the price reveals",
    "maki_thompson1973": "share that never hears a rumour",
    "odean1998": "share of gains and of losses that are realised",
    "rogers_veraart2013": "two banks, losses at default, two clearing vectors",
    "sir1927": "final size of an epidemic on a random graph",
    "smith2003": "mean spread of the zero-intelligence auction, through the order book",
    "watts2002": "global cascades by thresholds: window and frequency by mean degree",
}
"""Name of the module -> one line on what is compared."""

NEEDS_DATA = frozenset({"hyperliquid_adl"})
"""Those whose ``reproduce`` takes the folder of data, and that have a ``draw_own`` for their figure."""
