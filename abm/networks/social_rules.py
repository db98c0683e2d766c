"""Rules of social contagion by name."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from abm.networks.alerts import Alerts
from abm.networks.degroot import DeGroot
from abm.networks.epidemic import Epidemic
from abm.networks.herding_switch import HerdingSwitch
from abm.networks.rumour import Rumour
from abm.networks.social_graph import SocialGraph
from abm.networks.social_rule import SocialRule
from abm.networks.threshold import Threshold

RULES: dict[str, Callable[..., SocialRule]] = {
    "alerts": Alerts,
    "degroot": DeGroot,
    "epidemic": Epidemic,
    "herding_switch": HerdingSwitch,
    "rumour": Rumour,
    "threshold": Threshold,
}
"""Name -> class made from a graph, a key of a random stream and own parameters. Add a rule by an entry."""


def make_rule(name: str, graph: SocialGraph, key: np.uint64, **parameters: Any) -> SocialRule:
    """Return the rule ``name`` of `RULES` on a graph.

    Parameters
    ----------
    graph
        Who follows whom.
    key
        Key of a random stream, from `abm.random_streams.stream_key`.
    **parameters
        The rule's own, by name.

    Raises
    ------
    ValueError
        If the rule or a parameter is unknown or out of range.
    """
    if name not in RULES:
        raise ValueError(f"social rule is {name!r}; known: {', '.join(sorted(RULES))}")
    known = list(inspect.signature(RULES[name]).parameters)[2:]
    for parameter in parameters:
        if parameter not in known:
            raise ValueError(f"social rule {name}: unknown {parameter}; it has {', '.join(known)}")
    return RULES[name](graph, key, **parameters)
