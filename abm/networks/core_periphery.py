"""Who borrows from whom: a core that all deal with, or a list of debts from a file.

Craig and von Peter 2014, "Interbank tiering and money center banks", Journal of Financial Intermediation 23,
322-347: core institutions deal with each other, all others only with the core.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def core_periphery(
    core: Flags, lends: Flags, rng: np.random.Generator, core_share: float, creditors: int
) -> Floats:
    """Return of whom each borrows which share, shape ``(institutions, institutions)``; rows sum to 1 or 0.

    Parameters
    ----------
    core
        Who belongs to the core.
    lends
        Who of the others lends to the core; the rest only borrow.
    core_share
        Probability that a core institution borrows from another one.
    creditors
        Number of core institutions that each of the others borrows from.
    """
    n = len(core)
    inside = np.flatnonzero(core)
    linked = np.zeros((n, n), np.bool_)
    linked[np.ix_(inside, inside)] = rng.random((len(inside), len(inside))) < core_share
    for i in np.flatnonzero(~core):
        if lends[i] and len(inside):
            linked[rng.choice(inside, min(creditors, len(inside)), replace=False), i] = True
        elif len(inside):
            linked[i, rng.choice(inside, min(creditors, len(inside)), replace=False)] = True
    np.fill_diagonal(linked, val=False)
    weight = linked * rng.exponential(1.0, (n, n))
    total = weight.sum(axis=1, keepdims=True)
    return np.divide(weight, total, out=np.zeros((n, n)), where=total > 0.0)


def read_debts(file: str | Path, names: Sequence[str]) -> Floats:
    """Return the debts in a text file, USD, shape ``(institutions, institutions)``; repeated ones add up.

    Each line names a debtor, a creditor and an amount in USD, apart by blanks or commas. What comes after
    ``#`` is a comment.

    Raises
    ------
    ValueError
        If a line holds something else; the message names file and line. Amounts below zero and debts to
        oneself are refused by `abm.networks.exposures.exposures`.
    """
    place = {name: k for k, name in enumerate(names)}
    owed = np.zeros((len(names), len(names)))
    with Path(file).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.partition("#")[0].replace(",", " ").split()
            if not words:
                continue
            where = f"{file}, line {number}: {line.strip()!r}"
            if len(words) != 3:
                raise ValueError(f"{where} is not a debtor, a creditor and an amount in USD")
            for name in words[:2]:
                if name not in place:
                    raise ValueError(
                        f"{where}; no institution is called {name!r}, they are {', '.join(names)}"
                    )
            try:
                owed[place[words[0]], place[words[1]]] += float(words[2])
            except ValueError:
                raise ValueError(f"{where}; {words[2]!r} is not an amount in USD") from None
    return owed
