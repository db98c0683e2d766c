"""The social herd: followers and influencers on a graph, whose shared mood becomes orders.

Every leveraged retail trader and every herd member is a node. Liquidations make posts, posts lower the mood
of those who follow, mood makes orders: herd members sell what they hold on spot when the mood is bad and buy
when it is good.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from abm.book.messages import BUY, IOC, REDUCE_ONLY, SELL, Records
from abm.compiled import for_kernels, kernel
from abm.networks.social_graph import SocialGraph, sentiment_parameters_dtype, spread_sentiment
from abm.outbox import send
from abm.random_streams import uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for

LOOK_S = 5.0
"""Seconds between two looks at the feed."""

herd_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("holding_usd", "f8"),  # spot holding in a neutral mood
    ],
    align=True,
)


class Nodes(NamedTuple):
    """Consecutive accounts of one exchange that are consecutive nodes of the graph."""

    exchange: int
    first_account: int
    traders: int
    first_node: int


class HerdParameters(Parameters):
    """The social herd."""

    traders: int = Field(
        400, ge=0, le=5_000_000, description="number of spot traders moved by the mood alone"
    )
    holding_over_depth: float = Field(
        6.0, ge=0, le=1000, description="spot holding of all of them over one-sided depth within 1 %"
    )
    links: int = Field(3, ge=1, le=100, description="links of each new node in the Barabasi-Albert graph")
    peer_minutes: float = Field(
        10.0, gt=0, le=1e5, description="time to take over the mood of those followed, minutes"
    )
    fade_minutes: float = Field(
        90.0, gt=0, le=1e6, description="time in which mood returns to neutral, minutes"
    )
    return_minutes: float = Field(
        60.0, gt=0, le=1e6, description="time in which a large return fills the mood, minutes"
    )
    return_scale: float = Field(
        0.02, gt=0, le=1, description="log-return over ten minutes that counts as large"
    )
    alert_weight: float = Field(0.02, ge=0, le=2, description="mood lost for each liquidated trader followed")
    slippage: float = Field(
        0.005, gt=0, le=0.5, description="farthest from the mid that an order may trade, fraction"
    )
    react_per_hour: float = Field(
        2.0, ge=0, le=3600, description="rate of trading at an extreme mood, 1/hour"
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
        worst = max(1, int(view[i].screen * (1.0 + (1 - 2 * side) * p.slippage) / instrument.tick))
        flags = REDUCE_ONLY if side == SELL else 0
        send(messages, counters, when, t.account, i, IOC, side, lots, worst, flags)


class SocialHerdMember(CrowdAgent):
    """A spot trader moved by the mood; see `HerdParameters`."""

    crowd: "SocialHerd"

    instrument = Column()
    holding_usd = Column()

    @property
    def sentiment(self) -> float:
        """Present sentiment, -1 to 1."""
        return float(self.crowd.sentiment[self.crowd.first_node + self.row])


class SocialHerd(Crowd):
    """The graph, everybody's sentiment, and the spot traders who follow it.

    Attributes
    ----------
    sentiment
        Sentiment of every node: retail traders of every exchange first, then herd members.
    retail
        Which nodes are retail traders, exchange by exchange.
    mean_sentiment
        Its mean.
    alerts
        Signed count of liquidations of each node since the last step: longs +1, shorts -1.
    """

    kind = "social_herd"
    agent_class = SocialHerdMember

    def __init__(
        self,
        parameters: HerdParameters,
        table: Records,
        graph: SocialGraph,
        sentiment: npt.NDArray[np.float64],
        watched: npt.NDArray[np.int16],
        first_node: int,
        retail: Sequence[Nodes],
        seed: int,
        *,
        herding: bool = True,
    ) -> None:
        super().__init__(parameters, table, seed)
        self.graph = graph
        self.sentiment = sentiment
        self.watched = watched
        self.first_node = first_node
        self.retail = tuple(retail)
        self.herding = herding
        self.alerts = np.zeros(len(sentiment), np.int64)
        self.mean_sentiment = 0.0
        self._since_look_s = 0.0
        self._before = np.zeros_like(sentiment)
        self._spreading = for_kernels(np.zeros(1, sentiment_parameters_dtype))
        self._spreading["peer_rate"] = 1.0 / (60.0 * parameters.peer_minutes)
        self._spreading["fade_rate"] = 1.0 / (60.0 * parameters.fade_minutes)
        self._spreading["return_weight"] = 1.0 / (60.0 * parameters.return_minutes)
        self._spreading["return_scale"] = parameters.return_scale
        self._spreading["alert_weight"] = parameters.alert_weight

    def on_liquidations(
        self, exchange: int, accounts: npt.NDArray[np.int64], was_long: npt.NDArray[np.bool_]
    ) -> None:
        """Post an alert for each liquidated account that is a node."""
        for nodes in self.retail:
            if nodes.exchange == exchange:
                place = accounts - nodes.first_account
                known = (place >= 0) & (place < nodes.traders)
                np.add.at(self.alerts, nodes.first_node + place[known], np.where(was_long[known], 1, -1))

    def report_sentiment(self) -> float:
        """Return the mean sentiment."""
        return self.mean_sentiment

    def spread(self, momentum: npt.NDArray[np.float64], step_s: float) -> None:
        """Move sentiment over the graph."""
        self._since_look_s += step_s
        if not self.herding or self._since_look_s < LOOK_S:
            return
        self.mean_sentiment = spread_sentiment(
            self.sentiment,
            self._before,
            self.graph.start,
            self.graph.followed,
            self.alerts,
            self.watched,
            momentum,
            self._spreading,
            self._since_look_s,
        )
        self._since_look_s = 0.0
        self.alerts[:] = 0

    def decide(self, sight: Sight) -> None:
        """Trade on the mood."""
        if not self.herding:
            return
        sight.outbox.reserve(len(self.table))
        decide_herd(
            self.table,
            self.sentiment,
            self.first_node,
            sight.view,
            sight.instruments,
            sight.ledger.position,
            self._record,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )
