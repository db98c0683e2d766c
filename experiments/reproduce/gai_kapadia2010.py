"""Contagion of defaults on random interbank networks.

Gai and Kapadia 2010, "Contagion in financial networks", Proc. R. Soc. A 466, 2401-2423: capital 4 %, a fifth
of assets lent to other banks, nothing recovered, one random bank fails; contagion is systemic above 5 % of
banks. Compared with an independent simulation of the model (2000 draws); the paper has a figure: contagion
for mean degrees between 1 and 8.
"""

import numpy as np
import pandas as pd

from abm.networks.default_cascade import default_cascade
from abm.networks.exposures import interbank_network
from abm.networks.threshold import cascade_window
from abm.random_streams import generator
from experiments.reproduce.comparison import Row, compared, mean_and_error, share_and_error

CAPITAL, INTERBANK, SYSTEMIC = 0.04, 0.2, 0.05
REFERENCE = {1.0: (0.076, 0.11), 1.5: (0.510, 0.58), 2.0: (0.688, 0.80), 3.0: (0.784, 0.941),
             4.0: (0.722, 0.980), 5.0: (0.480, 0.993), 6.0: (0.174, 0.998), 7.0: (0.016, 0.999)}  # fmt: skip
"""Mean degree -> frequency, and extent where systemic."""
REFERENCE_DRAWS = 2000
BANKS = 1000


def failed_share(mean_degree: float, seed: int) -> float:
    """Return the share of banks that fail after one random bank."""
    rng = generator(seed, f"gai-kapadia {mean_degree}")
    network = interbank_network(BANKS, mean_degree, rng, CAPITAL, INTERBANK)
    failed, _ = default_cascade(network, CAPITAL, [int(rng.integers(BANKS))])
    return float(failed.mean())


def reproduce(draws: int = 500) -> pd.DataFrame:
    """Return frequency and extent of systemic contagion by mean degree, and the window by closed form."""
    rows = []
    for name, ours, exact in zip(
        ("lower", "upper"), cascade_window(CAPITAL / INTERBANK), (1.0207, 5.7647), strict=True
    ):
        rows.append(Row(f"{name} edge of the window", ours, exact, allowed=6e-5))
    extents = []
    for z, (frequency, extent) in REFERENCE.items():
        shares = np.array([failed_share(z, seed) for seed in range(draws)])
        systemic = shares[shares > SYSTEMIC]
        ours, error = share_and_error(len(systemic), draws)
        earlier = share_and_error(round(frequency * REFERENCE_DRAWS), REFERENCE_DRAWS)[1]
        name = "frequency of systemic contagion by mean degree"
        rows.append(Row(name, ours, frequency, error, "reference run", earlier, at=z))
        if len(systemic) > 2:
            ours, error = mean_and_error(systemic)
            rounding = 0.005 if extent == round(extent, 2) else 0.0005
            allowed = 3 * error + rounding
            name = "share of banks that fail, if systemic, by mean degree"
            extents.append(Row(name, ours, extent, error, "reference run", allowed=allowed, at=z))
    return compared(rows + extents)
