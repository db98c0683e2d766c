"""How all makers react in a step to the volatility of an instrument: what is the same for each of them."""

import math

import numpy as np

from abm.book.messages import Records
from abm.compiled import kernel
from agents.crowd import Row

NEWS_S = 60.0
"""Seconds for which a change of value counts as news."""

reaction_dtype = np.dtype(
    [
        ("excess", "f8"),  # volatility over what is tolerated
        ("doubt", "f8"),  # factor by which the tape is trusted more and the own model less, 1 or more
        ("to_value_seen", "f8"),  # share of the way that what is seen of value goes to value in the step
        ("news_kept", "f8"),  # share of a change of value that still counts as news after the step
        ("to_mid", "f8"),  # shares of the way that belief goes in the step: to the mid,
        ("to_value", "f8"),  # to value,
        ("to_hub", "f8"),  # to the price on the hub
        ("size", "f8"),  # factor on calm size that volatility allows, 0 to 1
        ("shrinks", "f8"),  # shares of the way that size goes in the step: down to what is allowed,
        ("restores", "f8"),  # up to it,
        ("refills", "f8"),  # and back on a side that was traded against
        ("widen", "f8"),  # factor on the distances of the ladder
    ],
    align=True,
)


@kernel
def share_gone(step_s: float, time_s: float) -> float:
    """Return the share of the way to a goal that is gone in a step, with relaxation time ``time_s``."""
    return 1.0 - math.exp(-step_s / time_s)


@kernel
def react(p: Row, view: Records, step_s: float, reactions: Records) -> None:
    """Write the row of each instrument."""
    for i in range(len(reactions)):
        r = reactions[i]
        r.excess = view[i].volatility / (p.tolerance * view[i].volatility_slow)
        strained = max(1.0, r.excess)
        r.doubt = strained**p.doubt_power if p.withdrawal > 0.0 else 1.0
        r.widen = strained**p.widen_power
        r.size = max(p.least_size, min(1.0, (1.0 / max(r.excess, 1e-9)) ** p.size_power))
        r.to_value_seen = share_gone(step_s, p.news_delay_s)
        r.news_kept = math.exp(-step_s / NEWS_S)
        r.to_mid = 1.0 - math.exp(-step_s * r.doubt / p.follow_s)
        r.to_value = share_gone(step_s, r.doubt * p.anchor_s)
        r.to_hub = share_gone(step_s, p.reference_s)
        r.shrinks = share_gone(step_s, p.shrink_s)
        r.restores = share_gone(step_s, p.restore_s)
        r.refills = share_gone(step_s, p.refill_s)
