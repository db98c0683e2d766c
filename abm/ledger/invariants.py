"""What must hold after every event, to the last unit; used by tests and by the model's self-check."""

import numpy as np

from abm.instruments import PERPETUAL, SPOT
from abm.ledger.accounts import CLEARING
from abm.ledger.ledger import Ledger


def broken_invariants(ledger: Ledger) -> list[str]:
    """Return one line for each broken invariant; an empty list means that the books balance.

    1. Cash of all accounts plus isolated margin is zero for each asset (deposits are owed by `OUTSIDE`).
    2. ``cash[0, CLEARING]`` is minus the sum of all entry values of perpetual positions.
    3. Perpetual positions net to zero in each instrument; a flat position has no entry value and no margin.
    4. Spot holdings sum to the issued supply and none is negative.
    5. No isolated margin is negative.
    """
    problems: list[str] = []
    total = ledger.cash.sum(axis=1)
    total[0] += ledger.isolated_margin.sum()
    problems += [f"asset {a}: money sums to {s}, not 0" for a, s in enumerate(total) if s]
    kinds = ledger.instruments["kind"]
    perpetual = np.flatnonzero(kinds == PERPETUAL)
    spot = np.flatnonzero(kinds == SPOT)
    entered = int(ledger.entry_value[perpetual].sum())
    if int(ledger.cash[0, CLEARING]) != -entered:
        problems.append(f"clearing holds {ledger.cash[0, CLEARING]}, entry values sum to {entered}")
    for i in perpetual:
        net = int(ledger.position[i].sum())
        flat = ledger.position[i] == 0
        if net:
            problems.append(f"instrument {i}: positions net to {net} lots")
        if ledger.entry_value[i][flat].any() or ledger.isolated_margin[i][flat].any():
            problems.append(f"instrument {i}: a flat position holds entry value or margin")
    for i in spot:
        if int(ledger.position[i].sum()) != int(ledger.issued[i]):
            problems.append(
                f"instrument {i}: holdings sum to {ledger.position[i].sum()}, issued {ledger.issued[i]}"
            )
        if (ledger.position[i] < 0).any():
            problems.append(f"instrument {i}: a holding is negative ({ledger.position[i].min()} lots)")
    if (ledger.isolated_margin < 0).any():
        problems.append(f"isolated margin is negative ({ledger.isolated_margin.min()})")
    return problems


def check(ledger: Ledger) -> None:
    """Raise `AssertionError` naming every broken invariant."""
    problems = broken_invariants(ledger)
    if problems:
        raise AssertionError("; ".join(problems))
