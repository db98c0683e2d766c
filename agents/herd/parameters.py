"""What a scenario may say of the social herd."""

import difflib
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from abm.networks.channels import POST_KINDS, PostKind
from abm.networks.graphs import GRAPHS
from abm.networks.social_graph import empty_graph
from abm.networks.social_rules import RULES, make_rule
from agents.crowd import Parameters


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
