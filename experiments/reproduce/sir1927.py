"""Final size of an epidemic of fear on a random graph.

Kermack and McKendrick 1927, "A contribution to the mathematical theory of epidemics", Proc. R. Soc. A 115,
700-721; the same law on a random graph by Newman 2002, Phys. Rev. E 66, 016128.
"""

import numpy as np
import pandas as pd

from abm.networks.epidemic import RECOVERED, Epidemic, final_size, transmissibility
from abm.networks.graphs import make_graph
from abm.random_streams import generator, stream_key
from experiments.reproduce.comparison import Row, compared, mean_and_error

PUBLISHED = {1.5: 0.5828, 2.0: 0.7968, 3.0: 0.9405}
MEAN_DEGREE = 8.0
OUTBREAK = 0.1
RECOVER = 0.2
"""Probability to recover in a step."""


def infection_chance(reproduction: float) -> float:
    """Return the probability to infect in a step that gives the reproduction number on the graph."""
    wanted = reproduction / MEAN_DEGREE
    infect = RECOVER * wanted / (1.0 - wanted + RECOVER * wanted)
    assert abs(transmissibility(infect, RECOVER) - wanted) < 1e-12
    return infect


def outbreaks(reproduction: float, people: int, runs: int) -> list[float]:
    """Return the share that recovers in the end, in each run whose one first case makes an outbreak."""
    infect = infection_chance(reproduction)
    shares = []
    for run in range(runs):
        rng = generator(run, f"sir {reproduction}")
        graph = make_graph("random", people, rng, mean_degree=MEAN_DEGREE)
        rule = Epidemic(
            graph,
            stream_key(run, f"sir {reproduction}"),
            infections_per_s=-np.log1p(-infect),
            recoveries_per_s=-np.log1p(-RECOVER),
        )
        rule.post([int(rng.integers(people))], -1.0)
        while rule.infected:
            rule.step(1.0)
        shares.append(float((rule.state == RECOVERED).mean()))
    return [share for share in shares if share > OUTBREAK]


def reproduce(people: int = 20_000, runs: int = 60) -> pd.DataFrame:
    """Return roots of the equation and shares infected in simulated outbreaks."""
    rows = [
        Row("final size by R0, root of the equation", final_size(r), size, allowed=5e-5, at=r)
        for r, size in PUBLISHED.items()
    ]
    for reproduction in PUBLISHED:
        ours, error = mean_and_error(outbreaks(reproduction, people, runs))
        rows.append(
            Row(
                "final size by R0, on the graph",
                ours,
                final_size(reproduction),
                error,
                at=reproduction,
                runs=runs,
            )
        )
    return compared(rows)
