"""Share of people that never hear a rumour, where everybody meets everybody.

Maki and Thompson 1973, "Mathematical Models and Applications"; Daley and Kendall 1965, "Stochastic rumours".
"""

import pandas as pd

from abm.networks.graphs import make_graph
from abm.networks.rumour import IGNORANT, Rumour, ignorants_left
from abm.random_streams import generator, stream_key
from experiments.reproduce.comparison import Row, compared, mean_and_error

PUBLISHED = 0.2032
BELIEVED = (1.0, 0.75, 0.5)


def ignorants(people: int, believed: float, runs: int) -> list[float]:
    """Return the share that never heard of it, in each run in which a tenth did, after one spreader."""
    graph = make_graph("complete", people, generator(0, "rumour"))
    rule = Rumour(graph, stream_key(1, f"rumour {believed}"), believed=believed)
    shares = []
    for _ in range(runs):
        rule.state[:] = IGNORANT
        rule.post([0], -1.0)
        while rule.meet(1_000_000):
            pass
        shares.append(float((rule.state == IGNORANT).mean()))
    return [share for share in shares if share < 0.9]


def reproduce(people: int = 2000, runs: int = 200) -> pd.DataFrame:
    """Return the share of ignorants beside .2032, and beside the root where not everybody passes it on."""
    rows = [
        Row("ignorants left, root of the equation", ignorants_left(), PUBLISHED, source="paper", allowed=5e-5)
    ]
    for believed in BELIEVED:
        ours, error = mean_and_error(ignorants(people, believed, runs))
        exact = ignorants_left(believed)
        # a finite crowd leaves a little more: about one over the number of people
        name = "ignorants left by probability of passing it on"
        rows.append(Row(name, ours, exact, error, allowed=3 * error + 1.0 / people, at=believed))
    return compared(rows)
