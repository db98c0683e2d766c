"""The crowd with all its habits on tells the same story at three step lengths."""

import numpy as np
import pytest
from step_lengths import disagreements, price_measures

from agents.index_investor import IndexInvestors
from agents.institution import Institutions
from agents.leveraged_retail import LeveragedRetailTraders
from agents.social_herd import SocialHerd
from experiments.build import build

SEEDS = 64
STEPS_S = (0.5, 1.0, 2.0)
END_S = 240.0
NEWS_S = 40.0
HABITS = {
    "retail.traders": 300,
    "retail.hold_hours": 1.0,
    "retail.recency": 0.5,
    "retail.news_weight": 1.0,
    "retail.news_hours": 0.05,
    "retail.sizing": "kelly-bet",
    "retail.overconfidence": 3.0,
    "retail.chase_per_hour": 4.0,
    "retail.panic_per_hour": 8.0,
    "retail.disposition": 2.0,
    "retail.average_down_per_hour": 20.0,
    "retail.average_down_at": 0.01,
    "retail.top_up_per_hour": 60.0,
    "retail.reserve_share": 1.0,
    "retail.dip_share": 0.3,
    "retail.dip_fall": 0.03,
    "retail.dip_per_hour": 30.0,
    "retail.stop_share": 0.4,
}
OTHERS = {
    "information.apply": True,
    "information.tiers": [
        {"name": "headline", "delay_s": 40.0},
        {"name": "insider", "delay_s": 5.0, "ahead_s": 30.0},
    ],
    "herd.traders": 100,
    "herd.channels": [
        {"name": "feed", "delay_s": 20.0, "tells_per_hour": 200.0},
        {"name": "group", "readers": "groups", "delay_s": 5.0, "tells_per_hour": 400.0},
    ],
    "herd.calls_per_hour": 60.0,
    "herd.influencer_share": 0.02,
    "herd.react_per_hour": 20.0,
    "rumours": [{"time_s": 50.0, "venue": "hub", "size": 0.5, "first": 4, "corrected_s": 140.0}],
    "index_investor.investors": 40,
    "index_investor.every_hours": 0.02,
    "index_investor.looks_per_hour": 60.0,
    "index_investor.powder_fall": 0.03,
    "index_investor.powder_per_hour": 30.0,
    "institution.institutions": 12,
    "institution.call_over_leverage": 1.1,
    "institution.call_s": 100.0,
    "institution.cut_s": 60.0,
    "institution.reveal_s": 30.0,
    "institution.run_per_hour": 20.0,
}
WORLD = {
    "news.0.time_s": NEWS_S,
    "news.0.size": -0.06,
    "news.0.duration_s": 60.0,
    "crash.start_s": NEWS_S,
    "crash.end_s": END_S,
    "whale.end_s": 35.0,
    "whale.informed": True,
}


def crowd_of(model, kind):
    return next(crowd for crowd in model.crowds if isinstance(crowd, kind))


def measured(scenario, seed):
    """What prices did, and what each part of the crowd has done by the end."""
    model = build(scenario, seed, views=False)
    retail, herd = crowd_of(model, LeveragedRetailTraders), crowd_of(model, SocialHerd)
    index, institutions = crowd_of(model, IndexInvestors), crowd_of(model, Institutions)
    reserve = retail.table["reserve"].sum()
    ledger, powder = model.hub.ledger, index.powder_usd.sum()
    coins = [ledger.position[:, crowd.table["account"]].copy() for crowd in (index, institutions)]
    model.run()
    trace = model.trace()
    held = ledger.position[:, retail.table["account"]]
    bought, sold = (
        (
            (ledger.position[:, crowd.table["account"]] - before).sum(axis=1) / before.sum(axis=1).clip(1)
        ).mean()
        for crowd, before in zip((index, institutions), coins, strict=True)
    )
    posts = trace.events["posts"]
    return price_measures(trace, NEWS_S, 10.0) | {
        "mood": trace.world["sentiment"].mean(),
        "mood at the end": trace.world["sentiment"][-1],
        "heard the rumour": herd.rumours[0].heard.mean(),
        "price calls": posts["posts"][posts["kind"] == "call"].sum(),
        "liquidated": len(trace.events["liquidations"].drop_duplicates(["account", "instrument"])),
        "retail in a position": (held != 0).any(axis=0).mean(),
        "retail closed by choice": float(retail._realised.sum()),
        "reserve spent": 1.0 - retail.table["reserve"].sum() / reserve,
        "powder spent": 1.0 - index.powder_usd.sum() / powder,
        "index bought": bought,
        "institutions sold": -sold,
        "margin calls": len(trace.events["margin_calls"]),
        "defaults": len(trace.events["defaults"]),
    }


@pytest.mark.slow
def test_a_crash_among_people_with_habits_at_three_step_lengths(small):
    samples = {}
    for step_s in STEPS_S:
        phases = [{"until_s": 10.0, "step_s": 2.0}, {"until_s": END_S, "step_s": step_s}]
        scenario = small(HABITS | OTHERS | WORLD | {"phases": phases})
        samples[step_s] = [measured(scenario, seed) for seed in range(SEEDS)]
    assert disagreements(samples) == []
    typical = {name: np.mean([run[name] for run in samples[1.0]]) for name in samples[1.0][0]}
    idle = [name for name, value in typical.items() if abs(value) < 1e-6]
    assert idle == []
