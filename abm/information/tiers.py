"""Information tiers: who learns of a news item when, and how well.

An item has a true size and a time (`abm.information.news.News`). A reader learns of it a log-normal delay
after that time, or, in a tier that is told ahead, after a moment before it; its reading of the size is wrong
by a relative error. Delay and error are drawn once for each reader and item, from streams of their own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from abm.book.messages import Records
from abm.compiled import for_kernels, kernel
from abm.random_streams import normal, stream_key

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

INSIDER, CONNECTED, PROFESSIONAL, HEADLINE = "insider", "connected", "professional", "headline"


@dataclass(frozen=True)
class Tier:
    """How readers of one tier learn of an item.

    Parameters
    ----------
    delay_s
        Median of the delay, seconds.
    delay_spread
        Standard deviation of the log of the delay.
    noise
        Standard deviation of the relative error in the size that is read.
    ahead_s
        How long before the item's time the delay begins to count, seconds. Who is told ahead learns of the
        whole change at once, also of one that takes a while to arrive.

    Raises
    ------
    ValueError
        If one of them is negative or not finite.
    """

    delay_s: float = 0.0
    delay_spread: float = 0.0
    noise: float = 0.0
    ahead_s: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; it must be zero or more")


TIERS: dict[str, Tier] = {
    INSIDER: Tier(delay_s=600.0, delay_spread=0.5, ahead_s=3600.0),
    CONNECTED: Tier(delay_s=120.0, delay_spread=0.5, noise=0.1, ahead_s=300.0),
    PROFESSIONAL: Tier(delay_s=4.0, delay_spread=0.5, noise=0.05),
    HEADLINE: Tier(delay_s=300.0, delay_spread=0.7, noise=0.3),
}
"""Tiers by name; a new one is one more entry. Numbers are assumed but for the medians of the last two, which
are those that the kinds in these tiers have as parameters of their own."""


@dataclass(frozen=True)
class Told:
    """One item as the readers of one tier learn of it: the item's shape and the tier's delay and noise."""

    time_s: float
    duration_s: float
    log_change: Floats
    tier: Tier


reading_dtype = np.dtype(
    [
        ("from_s", "f8"),  # when the delay begins to count
        ("duration_s", "f8"),  # time over which the change arrives
        ("delay_s", "f8"),
        ("delay_spread", "f8"),
        ("noise", "f8"),
    ],
    align=True,
)


@kernel
def delay_of(item: np.record, key: np.uint64, reader: int, number: int) -> float:
    """Return the delay with which a reader learns of item ``number``, seconds."""
    return item.delay_s * math.exp(item.delay_spread * normal(key, reader, number, 0))


@kernel
def share_read(item: np.record, key: np.uint64, reader: int, number: int, now_s: float) -> float:
    """Return the part of item ``number`` that a reader knows of at ``now_s``, times its error."""
    since = now_s - item.from_s
    if since < 0.0:
        return 0.0
    since -= delay_of(item, key, reader, number)
    if since < 0.0:
        return 0.0
    share = min(1.0, since / item.duration_s) if item.duration_s > 0.0 else 1.0
    return share * (1.0 + item.noise * normal(key, reader, number, 2))


@kernel
def news_read(items: Records, effect: Floats, asset: int, key: np.uint64, reader: int, now_s: float) -> float:
    """Return the change of an asset's log value that a reader knows of from all items."""
    known = 0.0
    for k in range(len(items)):
        known += share_read(items[k], key, reader, k, now_s) * effect[k, asset]
    return known


@kernel
def _read_all(items: Records, effect: Floats, asset: Ints, key: np.uint64, now_s: float, out: Floats) -> None:
    for j in range(len(out)):
        out[j] = news_read(items, effect, asset[j], key, j, now_s)


class Readers:
    """The readers of one tier, and what each of them knows of the news.

    Parameters
    ----------
    told
        The items, as this tier learns of them.
    assets
        Number of assets.
    seed, name
        Seed of the run, and whose readers these are: their draws come from a stream of that name.

    Attributes
    ----------
    items, effect, key
        The same for kernels: one row for each item, its effect on log values ``(items, assets)``, the stream.
    """

    def __init__(self, told: Sequence[Told], assets: int, seed: int, name: str) -> None:
        self.told = tuple(told)
        self.items: Records = for_kernels(np.zeros(len(self.told), reading_dtype))
        self.effect: Floats = np.zeros((len(self.told), assets))
        self.key = stream_key(seed, f"news {name}")
        for row, item in enumerate(self.told):
            tier = item.tier
            self.items["from_s"][row] = item.time_s - tier.ahead_s
            self.items["duration_s"][row] = item.duration_s if tier.ahead_s == 0.0 else 0.0
            for field in ("delay_s", "delay_spread", "noise"):
                self.items[field][row] = getattr(tier, field)
            self.effect[row] = item.log_change

    def take_back(self, items: Sequence[int]) -> None:
        """Let ``items``, by their rows, change nothing; the draws of all others stay as they are."""
        self.effect[list(items)] = 0.0

    def public(self, now_s: float) -> Floats:
        """Return how far the items have moved true log values by ``now_s``, shape ``(assets,)``."""
        moved = np.zeros(self.effect.shape[1])
        for row, item in enumerate(self.told):
            since = now_s - item.time_s
            if since >= 0.0:
                moved += self.effect[row] * (min(1.0, since / item.duration_s) if item.duration_s else 1.0)
        return moved

    def known(self, asset: npt.ArrayLike, now_s: float) -> Floats:
        """Return the change of log value that each reader knows of.

        Parameters
        ----------
        asset
            The asset that each reader follows, shape ``(readers,)``.
        now_s
            Seconds since the start of the run.
        """
        followed = np.asarray(asset, np.int64)
        out = np.zeros(len(followed))
        _read_all(self.items, self.effect, followed, self.key, now_s, out)
        return out

    def learns_at(self, item: int, reader: int = 0) -> float:
        """Return when a reader learns of an item, seconds since the start of the run."""
        return float(self.items["from_s"][item]) + float(delay_of(self.items[item], self.key, reader, item))
