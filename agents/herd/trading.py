"""How herd members trade: they sell spot in a bad mood and buy it in a good one."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.random_streams import uniform
from agents.crowd import lots_for, take_within

herd_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("holding_usd", "f8"),  # spot holding in a neutral mood
    ],
    align=True,
)


@kernel
def decide_herd(
    traders: Records,
    sentiment: npt.NDArray[np.float64],
    first_node: int,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    parameters: Records,
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every herd member bring its spot holding into line with its mood."""
    p = parameters[0]
    step_h = step_ns / 3.6e12
    for j in range(len(traders)):
        t = traders[j]
        mood = sentiment[first_node + j]
        rate = p.react_per_hour * abs(mood)
        if uniform(key, j, index, 0) >= 1.0 - math.exp(-rate * step_h):
            continue
        i = t.instrument
        instrument = instruments[i]
        held = position[i, t.account] * instrument.lot * view[i].mid
        trade = t.holding_usd * (1.0 + mood) - held
        if trade * mood <= 0.0:
            continue
        lots = lots_for(abs(trade), view[i].mid, instrument.lot)
        if lots < 1:
            continue
        when = start_ns + int(step_ns * uniform(key, j, index, 1))
        side = BUY if trade > 0.0 else SELL
        flags = REDUCE_ONLY if side == SELL else 0
        take_within(
            messages, counters, when, t.account, i, instrument, side, lots, view[i].screen, p.slippage, flags
        )
