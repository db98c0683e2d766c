"""News as the readers of each tier learn of it."""

from collections.abc import Sequence

from abm.information.tiers import HEADLINE, Readers, Told
from agents.crowd import Crowd
from experiments.building.stage import Stage
from experiments.building.values import make_news


def make_readers(stage: Stage, kind: str, name: str) -> Readers:
    """Return what readers in the tier of a kind of agent know of the news.

    Parameters
    ----------
    kind
        Kind of agent, as in `agents.KINDS`.
    name
        Whose readers these are: their delays and errors come from a stream of that name.
    """
    information = stage.scenario.information
    told = []
    for event, item in zip(stage.scenario.news, make_news(stage), strict=True):
        tier = information.tier_for(kind, event.tiers)
        told.append(Told(item.time_s, item.duration_s, item.log_change, tier))
    return Readers(told, len(stage.asset_names), stage.seed, name)


def give_tiers(stage: Stage, crowds: Sequence[Crowd]) -> None:
    """Tell every crowd in which tier it reads."""
    whale = stage.scenario.whale
    for crowd in crowds:
        lucky = crowd.kind == "whale" and not (whale is not None and whale.informed)
        crowd.tier = HEADLINE if lucky else stage.scenario.information.tier_of(crowd.kind)
