"""PAMS's sample market CI2002, timed: python pams_ci2002.py AGENTS STEPS REPEATS; prints one JSON line a run.

Runs on an interpreter that has ``pams``; needs nothing of this repository. The sample has 100 agents, of whom
one sends an order in each step, first 100 steps without matching, then 500 with it. More agents here send
proportionately more orders in a step.
"""

import json
import random
import sys
import time

from pams.runners.sequential import SequentialRunner

AGENTS_PER_ORDER = 100
OPENING_STEPS = 100


def settings(agents: int, steps: int) -> dict:
    """Return the sample's settings (samples/CI2002/config.json), scaled."""
    session = {
        "withOrderPlacement": True,
        "withPrint": False,
        "maxNormalOrders": max(1, agents // AGENTS_PER_ORDER),
    }
    return {
        "simulation": {
            "markets": ["Market"],
            "agents": ["FCNAgents"],
            "sessions": [
                {**session, "sessionName": 0, "iterationSteps": OPENING_STEPS, "withOrderExecution": False},
                {
                    **session,
                    "sessionName": 1,
                    "iterationSteps": steps - OPENING_STEPS,
                    "withOrderExecution": True,
                },
            ],
        },
        "Market": {"class": "Market", "tickSize": 0.00001, "marketPrice": 300.0},
        "FCNAgents": {
            "class": "FCNAgent",
            "numAgents": agents,
            "markets": ["Market"],
            "assetVolume": 50,
            "cashAmount": 10000,
            "fundamentalWeight": {"expon": [1.0]},
            "chartWeight": {"expon": [0.0]},
            "noiseWeight": {"expon": [1.0]},
            "meanReversionTime": {"uniform": [50, 100]},
            "noiseScale": 0.001,
            "timeWindowSize": [100, 200],
            "orderMargin": [0.0, 0.1],
        },
    }


def main() -> None:
    """Time the runs."""
    agents, steps, repeats = map(int, sys.argv[1:])
    for seed in range(1, repeats + 1):
        runner = SequentialRunner(settings(agents, steps), prng=random.Random(seed))
        runner._setup()
        began = time.perf_counter()
        runner._run()
        seconds = time.perf_counter() - began
        (market,) = runner.simulator.markets
        orders = sum(market.get_n_buy_orders()) + sum(market.get_n_sell_orders())
        print(json.dumps([seconds, orders, sum(market.get_executed_volumes())]), flush=True)


if __name__ == "__main__":
    main()
