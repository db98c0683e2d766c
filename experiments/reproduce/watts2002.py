"""Global cascades by thresholds on random graphs.

Watts 2002, "A simple model of global cascades on random networks", PNAS 99, 5766-5771: everybody is swayed
by a share of .18 of the neighbours; one node starts. The frequencies compared with are of an independent
simulation of the model (1000 draws): the paper has them in a figure only.
"""

import numpy as np
import pandas as pd

from abm.networks.graphs import make_graph
from abm.networks.threshold import Threshold, cascade_window
from abm.random_streams import generator, stream_key
from experiments.reproduce.comparison import Row, compared, share_and_error

SHARE = 0.18
GLOBAL = 0.1
FREQUENCY = {1.1: 0.12, 1.3: 0.40, 2.0: 0.747, 3.0: 0.870, 4.0: 0.875, 5.0: 0.686, 5.5: 0.404, 6.0: 0.067,
             6.5: 0.0}  # fmt: skip
WINDOWS = {4: (1.114, 3.863), 5: (1.0207, 5.7647), 6: (1.0037, 7.477), 7: (1.0006, 9.097)}
"""Neighbours of whom one is enough -> window of mean degrees."""
REFERENCE_DRAWS = 1000


def cascade(mean_degree: float, nodes: int, seed: int) -> float:
    """Return the share that is swayed in the end on one random graph, after one random node."""
    rng = generator(seed, f"watts {mean_degree}")
    graph = make_graph("random", nodes, rng, mean_degree=mean_degree)
    rule = Threshold(graph, stream_key(seed, "watts"), share=SHARE)
    rule.post([int(rng.integers(nodes))], -1.0)
    return rule.cascade() / nodes


def reproduce(draws: int = 300, nodes: int = 10_000) -> pd.DataFrame:
    """Return the edges of the window, and the frequency of cascades above a tenth by mean degree."""
    rows = []
    for enough, edges in WINDOWS.items():
        for name, ours, exact in zip(("lower", "upper"), cascade_window(1.0 / enough), edges, strict=True):
            label = f"{name} edge of the window, swayed by 1 of {enough}"
            rows.append(Row(label, ours, exact, allowed=6e-4 if enough != 5 else 6e-5))
    for z, frequency in FREQUENCY.items():
        sizes = np.array([cascade(z, nodes, seed) for seed in range(draws)])
        ours, error = share_and_error(int((sizes > GLOBAL).sum()), draws)
        earlier = share_and_error(round(frequency * REFERENCE_DRAWS), REFERENCE_DRAWS)[1]
        rows.append(
            Row(
                "frequency of cascades by mean degree", ours, frequency, error, "reference run", earlier, at=z
            )
        )
    return compared(rows)
