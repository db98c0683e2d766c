"""Cost of drawing a social graph and of one step of each rule of contagion on it.

``PYTHONPATH=. python benchmarks/social_step.py [--nodes N] [--steps N]``. A tenth of the nodes post at first;
rates are high, so that many act in each step. Compilation is not timed. Also the cost of clearing a credit
network.
"""

import argparse
import resource
import time

import numpy as np

from abm.networks.clearing import clear
from abm.networks.exposures import exposures, interbank_network
from abm.networks.graphs import make_graph
from abm.networks.social_rules import RULES, make_rule
from abm.random_streams import generator, stream_key

FAMILIES = {
    "barabasi_albert": {"links": 3},
    "watts_strogatz": {"neighbours": 6, "rewired_share": 0.1},
    "random": {"mean_degree": 5.0},
}
RATES = {
    "alerts": {"base_per_s": 1e-3},
    "epidemic": {"infections_per_s": 0.1},
    "herding_switch": {"thoughts_per_s": 0.1},
    "rumour": {"meetings_per_s": 1.0},
    "threshold": {"look_s": 1.0},
}


def timed(action):
    begin = time.perf_counter()
    result = action()
    return result, time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    graphs = {}
    print(f"{given.nodes:,} nodes\n\ngraph              seconds      links")
    for name, parameters in FAMILIES.items():
        make_graph(name, 100, generator(1, "warm"), **parameters)
        graphs[name], seconds = timed(
            lambda name=name, own=parameters: make_graph(name, given.nodes, generator(1, name), **own)
        )
        print(f"{name:<16} {seconds:9.2f} {len(graphs[name].followed):10,}")
    print("\nrule             median ms    worst ms  (one step of one second, Barabasi-Albert)")
    chosen = generator(1, "posts").choice(given.nodes, given.nodes // 10, replace=False)
    for name in RULES:
        make_rule(name, make_graph("complete", 5, generator(1, "warm")), stream_key(1, name)).step(60.0)
        rule = make_rule(name, graphs["barabasi_albert"], stream_key(1, name), **RATES.get(name, {}))
        rule.post(chosen, -1.0)
        spent = [1e3 * timed(lambda rule=rule: rule.step(1.0))[1] for _ in range(given.steps)]
        print(f"{name:<16} {np.median(spent):9.1f} {max(spent):11.1f}")
    print("\nbanks            seconds    waves  (greatest vector, 4.5 % of outside assets lost)")
    for banks in (100, 1000, 10_000):
        network = interbank_network(banks, 5.0, generator(1, "banks"), 0.04, 0.2)
        shocked = exposures(network.owed, 0.955 * network.outside_assets, network.outside_debts)
        result, seconds = timed(lambda shocked=shocked: clear(shocked, 0.9, 0.9))
        print(f"{banks:<16,} {seconds:9.4f} {result.wave.max():8}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main()
