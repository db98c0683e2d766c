"""Two banks that can both stand or both fall, once default costs something.

Rogers and Veraart 2013, "Failure and rescue in an interbank network", Management Science 59, 882-898,
example 3.3: each has 1 outside and owes the other 2.2.
"""

import pandas as pd

from abm.networks.clearing import clear
from abm.networks.exposures import exposures
from experiments.reproduce.comparison import Row, compared

CASES = {("greatest", 0.5): 2.2, ("least", 0.5): 1.0, ("greatest", 1.0): 2.2, ("least", 1.0): 2.2}
"""Which vector and the share recovered at default -> payment of each bank."""


def reproduce() -> pd.DataFrame:
    """Return the greatest and least clearing payments with and without losses at default."""
    network = exposures([[0.0, 2.2], [2.2, 0.0]], 1.0)
    rows = []
    for (vector, recovered), payment in CASES.items():
        result = clear(network, recovered, recovered, "greatest" if vector == "greatest" else "least")
        for k in range(2):
            name = f"payment of bank {k + 1}, {vector} vector, recovered {recovered:g}"
            rows.append(Row(name, result.payments[k], payment, source="paper"))
    return compared(rows)
