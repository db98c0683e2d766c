"""Does fragility before a crash tell how deep it gets? Rank correlation over seeds and severities.

Runs one scenario with several leverages and open interests, each on the same seeds, and sets the fragility
index at P0 (longs that breach within a fall of 10 % over bids within it) against the fall of the main coin.
``PYTHONPATH=. python benchmarks/fragility.py [--scenario PATH] [--seeds N] [KEY=VALUE ...]``. Interval:
bootstrap over runs.
"""

import argparse

import numpy as np
from scipy.stats import spearmanr

from experiments.measure import measure
from experiments.scenarios import load
from experiments.simulate import simulate

SEVERITIES = [
    {
        "retail.leverage_median": leverage,
        "retail.open_interest_over_depth": held,
        "retail.size_limit_over_depth": 5.0,  # few traders must be able to hold all of it
        "news.0.size": -0.05,  # a fall of value much larger hides what positions add
    }
    for leverage in (4.0, 12.0)
    for held in (15.0, 60.0)
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="tests/small.toml")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("settings", nargs="*")
    given = parser.parse_args()
    settings = dict(item.split("=", 1) for item in given.settings)
    rows = []
    print("leverage  open interest/depth  seed  fragility  fall %")
    for severity in SEVERITIES:
        scenario = load(given.scenario, severity | settings)
        for seed in range(1, given.seeds + 1):
            metrics = measure(simulate(scenario, seed, until="crash_end"), scenario).metrics
            rows.append((metrics["fragility"], metrics["total_fall"]))
            leverage, held = list(severity.values())[:2]
            print(f"{leverage:8g} {held:20g} {seed:5} {rows[-1][0]:10.3f} {rows[-1][1]:7.2f}", flush=True)
    table = np.array(rows)
    table = table[np.isfinite(table).all(axis=1)]
    draws = np.random.default_rng(1).integers(len(table), size=(2000, len(table)))
    spread = [spearmanr(*table[chosen].T).statistic for chosen in draws]
    low, high = np.nanquantile(spread, [0.025, 0.975])
    rho = spearmanr(*table.T).statistic
    print(f"\n{len(table)} runs: rank correlation {rho:.2f}, 95 % interval {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    main()
