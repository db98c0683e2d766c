"""The recorder: one row for each step of what happened, in arrays made before the run starts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, SELL, Records
from abm.book.queries import depth_within
from abm.compiled import for_kernels, kernel
from abm.instruments import PERPETUAL
from abm.trace import ASSET_SERIES, EXCHANGE_SERIES, INSTRUMENT_SERIES, WORLD_SERIES

step_dtype = np.dtype([(name, "f8") for name in INSTRUMENT_SERIES], align=True)
ONE_PERCENT_PPM = 10_000


@kernel
def record_books(
    row: Records,
    books: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    intervals_per_8h: float,
) -> None:
    """Write prices, depth and open interest of every instrument into ``row`` (shape ``(instruments,)``)."""
    for i in range(len(instruments)):
        out = row[i]
        book = books[i]
        seen = view[i]
        instrument = instruments[i]
        tick = instrument.tick
        out.last = seen.last
        out.low = book.low * tick if book.low > 0 else seen.last
        out.high = book.high * tick if book.high > 0 else seen.last
        out.bid = seen.bid * tick if seen.bid > 0 else np.nan
        out.ask = seen.ask * tick if seen.ask > 0 else np.nan
        out.mark = seen.mark
        out.index = seen.index
        scale = tick * instrument.lot
        out.depth_bid = depth_within(book, ONE_PERCENT_PPM, BUY)[1] * scale
        out.depth_ask = depth_within(book, ONE_PERCENT_PPM, SELL)[1] * scale
        if instrument.kind == PERPETUAL:
            held = 0
            for a in range(position.shape[1]):
                if position[i, a] > 0:
                    held += position[i, a]
            out.open_interest = held * instrument.lot
            out.funding = seen.funding * intervals_per_8h


@kernel
def record_fills(row: Records, fills: Records, instruments: Records) -> None:
    """Add the volume of ``fills`` to ``row``."""
    for k in range(len(fills)):
        fill = fills[k]
        out = row[fill.instrument]
        usd = fill.lots * fill.price * instruments[fill.instrument].tick_lot_value / 1e6
        out.volume += usd
        if fill.side == BUY:
            out.taker_buy += usd


class Recorder:
    """Series of a run while it is being made.

    Attributes
    ----------
    by_instrument
        Record array ``(steps, instruments)`` with the fields of `abm.trace.INSTRUMENT_SERIES`.
    by_asset, world
        Arrays ``(steps, assets)`` and ``(steps,)`` by name; ``world`` holds ``series@exchange`` as well.
    """

    def __init__(self, steps: int, instruments: int, assets: int, exchanges: Sequence[str] = ()) -> None:
        self.time_s = np.zeros(steps)
        self.by_instrument: Records = for_kernels(np.zeros((steps, instruments), step_dtype))
        self.by_asset = {name: np.zeros((steps, assets)) for name in ASSET_SERIES}
        own = [f"{name}@{exchange}" for name in EXCHANGE_SERIES for exchange in exchanges]
        self.world = {name: np.zeros(steps) for name in (*WORLD_SERIES, *own)}
        self.steps = 0

    @property
    def row(self) -> Records:
        """The row of the step in progress, shape ``(instruments,)``."""
        return self.by_instrument[self.steps]

    def finish_step(self, time_s: float, value: npt.NDArray[np.float64], **world: float) -> None:
        """Write what belongs to the whole world and close the row."""
        k = self.steps
        self.time_s[k] = time_s
        self.by_asset["value"][k] = value
        for name, number in world.items():
            self.world[name][k] = number
        self.steps += 1
