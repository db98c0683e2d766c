"""The social herd: followers and influencers on a graph, whose shared mood becomes orders.

Every leveraged retail trader and every herd member is a node. Liquidations, influencers and rumours make
posts (`agents.herd.posting`); posts reach their readers over channels and move moods, a rule of contagion
spreads them, and mood makes orders: herd members sell what they hold on spot when the mood is bad and buy
when it is good (`agents.herd.trading`).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.book.messages import Records
from abm.networks.channels import Channel
from abm.networks.feelings import feel, push_of_returns, speakers
from abm.networks.rumour_and_correction import RumourAndCorrection
from abm.networks.social_graph import SocialGraph
from abm.networks.social_rule import AveragingRule, SocialRule
from abm.random_streams import stream_key
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent
from agents.herd.parameters import HerdParameters
from agents.herd.posting import Posts, callers
from agents.herd.trading import decide_herd

LOOK_S = 5.0
"""Seconds between two looks at the feed."""


class Nodes(NamedTuple):
    """Consecutive accounts of one exchange that are consecutive nodes of the graph."""

    exchange: int
    first_account: int
    traders: int
    first_node: int


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

    Parameters
    ----------
    graph
        Who follows whom.
    sentiment
        Sentiment of every node; rewritten.
    watched
        Instrument that each node watches.
    first_node
        First node that is a herd member.
    retail
        Which nodes are retail traders, exchange by exchange.
    channels
        Ways that posts take.
    rule
        How moods spread.
    rumours
        Rumours with their dates.
    herding
        Whether moods move at all.

    Attributes
    ----------
    sentiment
        Sentiment of every node: retail traders of every exchange first, then herd members.
    feeling
        What each node feels before the rule's mood is added; the same array where the rule averages moods.
    mean_sentiment
        Mean sentiment.
    influencers
        Nodes that make price calls.
    posts
        What everybody posts.
    """

    kind = "social_herd"
    agent_class = SocialHerdMember
    parameters: HerdParameters

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
        channels: Sequence[Channel],
        rule: SocialRule,
        rumours: Sequence[RumourAndCorrection] = (),
        herding: bool = True,
    ) -> None:
        super().__init__(parameters, table, seed)
        self.graph = graph
        self.sentiment = sentiment
        self.watched = watched
        self.first_node = first_node
        self.retail = tuple(retail)
        self.posts = Posts(channels)
        self.rule = rule
        self._rule_name = parameters.rule
        self.rumours = tuple(rumours)
        self.herding = herding
        self.mean_sentiment = 0.0
        self.averages = isinstance(rule, AveragingRule)
        if isinstance(rule, AveragingRule):
            rule.opinion = sentiment
        self.feeling = sentiment if self.averages else np.zeros_like(sentiment)
        count = math.ceil(parameters.influencer_share * graph.nodes)
        self.influencers = graph.most_followed(count if parameters.calls_per_hour > 0.0 else 0)
        self._spoke = np.zeros(0 if self.averages else len(sentiment), np.int8)
        self._calls = np.zeros(len(self.influencers), np.int8)
        self._call_key = stream_key(seed, "price calls")
        self._since_look_s = 0.0
        self._now_s = 0.0
        self._looks = 0

    def on_liquidations(
        self, exchange: int, accounts: npt.NDArray[np.int64], was_long: npt.NDArray[np.bool_]
    ) -> None:
        """Post an alert for each liquidated account that is a node."""
        if not self.herding:
            return
        for nodes in self.retail:
            if nodes.exchange == exchange:
                place = accounts - nodes.first_account
                known = (place >= 0) & (place < nodes.traders)
                force = np.where(was_long[known], -1.0, 1.0) * self.parameters.alert_weight
                self.posts.post("liquidation", nodes.first_node + place[known], force)

    def post_table(self) -> pd.DataFrame:
        """Return `Posts.table`; of rumours and corrections: how many heard them."""
        return self.posts.table()

    def report_sentiment(self) -> float:
        """Return the mean sentiment."""
        return self.mean_sentiment

    def spread(self, momentum: npt.NDArray[np.float64], step_s: float) -> None:
        """Move sentiment over the graph."""
        self._since_look_s += step_s
        self._now_s += step_s
        if self.herding and self._since_look_s >= LOOK_S and self.graph.nodes:
            self._look(momentum, self._since_look_s)
            self._since_look_s = 0.0

    def _look(self, momentum: npt.NDArray[np.float64], span_s: float) -> None:
        """Let the ``span_s`` seconds since the last look pass."""
        p = self.parameters
        if self.averages:
            self.rule.step(span_s)
        if len(self.influencers) and p.calls_per_hour > 0.0:
            self._call(span_s)
        for rumour in self.rumours:
            told, answered = rumour.step(self.feeling, self._now_s, span_s)
            self.posts.count("rumour", len(told), -float(rumour.fear[told].sum()))
            self.posts.count("correction", len(answered), float(rumour.fear[answered].sum()))
        self.posts.deliver(self.feeling, span_s)
        push = push_of_returns(momentum, p.return_scale, 1.0 / (60.0 * p.return_minutes), span_s)
        kept = math.exp(-span_s / (60.0 * p.fade_minutes))
        self.mean_sentiment = feel(self.feeling, self.watched, push, kept)
        if not self.averages:
            self._talk(span_s)
        if not math.isfinite(self.mean_sentiment):
            raise ValueError(f"herd: the mood of rule {self._rule_name} is not a number")
        self._looks += 1
        self.posts.close_look(self._now_s)

    def _call(self, span_s: float) -> None:
        """Let influencers call the price by their own mood."""
        p = self.parameters
        expected = p.calls_per_hour * span_s / 3600.0
        if callers(self.influencers, self.sentiment, expected, self._call_key, self._looks, self._calls):
            made = self._calls != 0
            force = self._calls[made] * p.call_weight
            self.posts.post("call", self.influencers[made], force)

    def _talk(self, span_s: float) -> None:
        """Let those whose own mood has become strong speak, and add what the rule makes of it."""
        glad, afraid = speakers(self.feeling, self._spoke, self.parameters.voice)
        if glad:
            self.rule.post(np.flatnonzero(self._spoke == 1), 1.0)
        if afraid:
            self.rule.post(np.flatnonzero(self._spoke == -1), -1.0)
        self.rule.step(span_s)
        mood = self.parameters.rule_weight * self.rule.sentiment()
        np.clip(self.feeling + mood, -1.0, 1.0, out=self.sentiment)
        self.mean_sentiment = float(self.sentiment.mean())

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
