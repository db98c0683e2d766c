"""Clearing payments without losses at default.

Eisenberg and Noe 2001, "Systemic risk in financial systems", Management Science 47, 236-249; the second
example is a teaching one (paolobarucca/eisenbergnoe, exercise 2), whose numbers hang on the rank of creditors
outside.
"""

import numpy as np
import pandas as pd

from abm.networks.clearing import clear
from abm.networks.exposures import Exposures, exposures
from experiments.reproduce.comparison import Row, compared

CHAIN = ([[0, 10, 0, 0], [0, 0, 9, 0], [0, 0, 0, 8], [1, 0, 0, 0]], [5, 2, 2, 3])
"""Debts between four banks, and their outside assets."""
PAYMENTS, EQUITY, WAVES = (6.0, 8.0, 8.0, 1.0), (0.0, 0.0, 2.0, 10.0), (1, 2, 0, 0)


def four_banks() -> Exposures:
    """Return a ring of debts of 10, 9, 8 and 1."""
    return exposures(*CHAIN)


def three_banks() -> Exposures:
    """Return the teaching example after a loss of a tenth of outside assets."""
    return exposures([[0, 4, 0], [0, 0, 3], [2, 0, 0]], 0.9 * np.array([20, 20, 10]), [17, 18, 8])


def reproduce() -> pd.DataFrame:
    """Return payments, equity and waves of default beside the exact ones."""
    rows = []
    for vector in ("greatest", "least"):
        ring = clear(four_banks(), vector=vector)
        for k, payment in enumerate(PAYMENTS):
            rows.append(Row(f"payment of bank {k + 1} of 4, {vector} vector", ring.payments[k], payment))
    ring = clear(four_banks())
    for k in range(4):
        rows.append(Row(f"equity of bank {k + 1} of 4", ring.equity[k], EQUITY[k]))
        rows.append(Row(f"wave in which bank {k + 1} of 4 defaults, 0 never", ring.wave[k], WAVES[k]))
    senior = clear(three_banks(), outside_debts="senior")
    equal = clear(three_banks(), outside_debts="equal")
    for k, (inside, total) in enumerate(zip((3.0, 3.0, 2.0), (20.0, 21.0, 10.0), strict=True)):
        paid = equal.payments[k] + equal.outside_payments[k]
        rows.append(
            Row(f"payment of bank {k + 1} of 3 inside, outside debts senior", senior.payments[k], inside)
        )
        rows.append(Row(f"payment of bank {k + 1} of 3 in all, outside debts equal", paid, total))
    return compared(rows)
