"""The social herd: followers and influencers on a graph, whose shared mood becomes orders.

Every leveraged retail trader and every herd member is a node. Liquidations, influencers and rumours make
posts; posts reach their readers over channels and move moods, a rule of contagion spreads them, and mood
makes orders: herd members sell what they hold on spot when the mood is bad and buy when it is good.
"""

import difflib
import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from abm.book.messages import BUY, IOC, REDUCE_ONLY, SELL, Records
from abm.compiled import kernel
from abm.networks.channels import POST_KINDS, Channel, PostKind
from abm.networks.feelings import feel, push_of_returns, speakers
from abm.networks.graphs import GRAPHS
from abm.networks.rumour_and_correction import RumourAndCorrection
from abm.networks.social_graph import SocialGraph, empty_graph
from abm.networks.social_rule import AveragingRule, SocialRule
from abm.networks.social_rules import RULES, make_rule
from abm.outbox import send
from abm.random_streams import stream_key, uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, Parameters, lots_for

LOOK_S = 5.0
"""Seconds between two looks at the feed."""

POST_COLUMNS = ("time_s", "kind", "posts", "force")
"""Time of the look at which they were made, kind, how many, and mean change of a reader's mood by one."""

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


class ChannelParameters(BaseModel):
    """A way that posts take to their readers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("feed", min_length=1, max_length=64, description="short name")
    readers: Literal["followers", "groups"] = Field(
        "followers", description="who sees a post: those who follow its author, or the author's private group"
    )
    group_size: int = Field(20, ge=2, le=1000, description="members of a private group, drawn at random")
    delay_s: float = Field(0.0, ge=0, le=1e6, description="mean time until a reader has read a post, seconds")
    loudness: float = Field(1.0, ge=0, le=100, description="factor on what a post does to a reader's mood")
    tells_per_hour: float = Field(
        12.0, ge=0, le=3600, description="how often one who spreads a rumour tells somebody there, 1/hour"
    )
    carries: tuple[PostKind, ...] = Field(POST_KINDS, description="kinds of post that it carries")


class HerdParameters(Parameters):
    """The social herd."""

    traders: int = Field(
        400, ge=0, le=5_000_000, description="number of spot traders moved by the mood alone"
    )
    holding_over_depth: float = Field(
        6.0, ge=0, le=1000, description="spot holding of all of them over one-sided depth within 1 %"
    )
    graph: str = Field(
        "barabasi_albert",
        max_length=200,
        description="who follows whom: a family such as watts_strogatz, communities (a stochastic block "
        "model), heavy_tailed (a configuration model), edge_list (a file), or the import path of a function, "
        "my_module:my_graph",
    )
    graph_options: dict[str, Any] = Field(
        default_factory=dict, description="parameters of the graph, by name"
    )
    links: int = Field(3, ge=1, le=100, description="links of each new node in the Barabasi-Albert graph")
    rule: str = Field(
        "degroot",
        max_length=200,
        description="how moods spread: degroot, threshold, rumour, herding_switch, alerts, epidemic, or the "
        "import path of a class, my_module:MyRule",
    )
    rule_options: dict[str, Any] = Field(default_factory=dict, description="parameters of the rule, by name")
    rule_weight: float = Field(
        1.0, ge=0, le=1, description="weight of the rule's mood beside a person's own (not with degroot)"
    )
    voice: float = Field(
        0.3,
        gt=0,
        le=1,
        description="own mood, either way, beyond which a person starts to speak (not with degroot)",
    )
    channels: tuple[ChannelParameters, ...] = Field(
        (ChannelParameters(),), min_length=1, max_length=8, description="ways that posts take"
    )
    peer_minutes: float = Field(
        10.0, gt=0, le=1e5, description="time to take over the mood of those followed (degroot), minutes"
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
    influencer_share: float = Field(
        0.001, ge=0, le=1, description="share of people, the most followed, who make price calls"
    )
    calls_per_hour: float = Field(
        0.0, ge=0, le=3600, description="rate of price calls of an influencer in an extreme mood, 1/hour"
    )
    call_weight: float = Field(0.05, ge=0, le=2, description="change of a reader's mood by a price call")
    slippage: float = Field(
        0.005, gt=0, le=0.5, description="farthest from the mid that an order may trade, fraction"
    )
    react_per_hour: float = Field(
        2.0, ge=0, le=3600, description="rate of trading at an extreme mood, 1/hour"
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        for what, name, known in (("graph", self.graph, GRAPHS), ("rule", self.rule, RULES)):
            if ":" not in name and name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"{what}: unknown name {name!r}{hint} (known: {', '.join(sorted(known))})")
        if self.rule in RULES:
            make_rule(self.rule, empty_graph(1), np.uint64(0), **self.rule_options)
        names = [item.name for item in self.channels]
        if len(set(names)) != len(names):
            raise ValueError(f"channels: names must differ, got {', '.join(names)}")
        return self


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


@kernel
def callers(
    influencers: npt.NDArray[np.int64],
    mood: npt.NDArray[np.float64],
    expected: float,
    key: np.uint64,
    index: int,
    calls: npt.NDArray[np.int8],
) -> int:
    """Write 1 or -1 for each influencer who calls the price up or down now; return how many do.

    ``expected`` is the number of calls that one in an extreme mood makes in the time.
    """
    made = 0
    for k in range(len(influencers)):
        v = influencers[k]
        calls[k] = 0
        if uniform(key, v, index, 2) < 1.0 - math.exp(-expected * abs(mood[v])):
            calls[k] = 1 if mood[v] > 0.0 else -1
            made += 1
    return made


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
        self.channels = tuple(channels)
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
        self._made: dict[str, list[float]] = {}
        self._posts: list[tuple[float, str, int, float]] = []

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
                force = np.where(was_long[known], -1.0, 1.0) * self._record["alert_weight"][0]
                self.post("liquidation", nodes.first_node + place[known], force)

    def post(
        self,
        kind: PostKind,
        nodes: npt.NDArray[np.int64],
        force: npt.NDArray[np.float64],
    ) -> None:
        """Let ``nodes`` post on every channel that carries ``kind``.

        Parameters
        ----------
        kind
            One of `abm.networks.channels.POST_KINDS`.
        nodes
            Authors.
        force
            What each post adds to the mood of its readers, same shape; below zero it frightens.
        """
        if len(nodes) == 0:
            return
        for channel in self.channels:
            if kind in channel.carries:
                channel.post(nodes, force)
        self._count(kind, len(nodes), float(np.sum(force)))

    def _count(self, kind: str, posts: int, force: float) -> None:
        if posts:
            made = self._made.setdefault(kind, [0.0, 0.0])
            made[0] += posts
            made[1] += force

    def post_table(self) -> pd.DataFrame:
        """Return how many posts of each kind were made, look by look: the columns of `POST_COLUMNS`.

        Of rumours and corrections: how many heard them.
        """
        return pd.DataFrame(self._posts, columns=list(POST_COLUMNS))

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
        p = self._record[0]
        if self.averages:
            self.rule.step(span_s)
        if len(self.influencers) and p["calls_per_hour"] > 0.0:
            self._call(span_s)
        for rumour in self.rumours:
            told, answered = rumour.step(self.feeling, self._now_s, span_s)
            self._count("rumour", len(told), -float(rumour.fear[told].sum()))
            self._count("correction", len(answered), float(rumour.fear[answered].sum()))
        for channel in self.channels:
            channel.deliver(self.feeling, span_s)
        push = push_of_returns(
            momentum, float(p["return_scale"]), 1.0 / (60.0 * float(p["return_minutes"])), span_s
        )
        kept = math.exp(-span_s / (60.0 * float(p["fade_minutes"])))
        self.mean_sentiment = feel(self.feeling, self.watched, push, kept)
        if not self.averages:
            self._talk(span_s)
        if not math.isfinite(self.mean_sentiment):
            raise ValueError(f"herd: the mood of rule {self._rule_name} is not a number")
        self._looks += 1
        self._posts += [
            (self._now_s, kind, int(posts), force / posts) for kind, (posts, force) in self._made.items()
        ]
        self._made = {}

    def _call(self, span_s: float) -> None:
        """Let influencers call the price by their own mood."""
        p = self._record[0]
        expected = float(p["calls_per_hour"]) * span_s / 3600.0
        if callers(self.influencers, self.sentiment, expected, self._call_key, self._looks, self._calls):
            made = self._calls != 0
            force = self._calls[made] * float(p["call_weight"])
            self.post("call", self.influencers[made], force)

    def _talk(self, span_s: float) -> None:
        """Let those whose own mood has become strong speak, and add what the rule makes of it."""
        glad, afraid = speakers(self.feeling, self._spoke, float(self._record["voice"][0]))
        if glad:
            self.rule.post(np.flatnonzero(self._spoke == 1), 1.0)
        if afraid:
            self.rule.post(np.flatnonzero(self._spoke == -1), -1.0)
        self.rule.step(span_s)
        mood = float(self._record["rule_weight"][0]) * self.rule.sentiment()
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
