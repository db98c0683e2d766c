"""What a scenario says wrongly about its exchanges gets one clear line."""

import pytest

from experiments.errors import InputError
from experiments.scenarios import load

HUB = {"name": "hub"}
EDGE = {"name": "edge"}


def complaint(venues, **more):
    """Return the one line that the loader says."""
    with pytest.raises(InputError) as caught:
        load("calm", {"venues": venues} | more)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("venues", "says"),
    [
        ([], "venues: must have at least 1 item, got []"),
        ([HUB, HUB], "venues: names must differ, got hub, hub"),
        ([HUB, {}], "venues: names must differ, got hub, hub"),
        ([HUB | {"spot": False}, EDGE], "venues.hub: spot is false; the first exchange must list spot pairs"),
        ([HUB | {"retail_share": 0.0}], "venues: retail_share is 0 for all of them; at least one"),
        (
            [HUB, EDGE | {"index_from": ["hub", "edgy"]}],
            "venues.edge.index_from: unknown name 'edgy'; did you mean edge? (known: hub, edge)",
        ),
        (
            [HUB, EDGE | {"mark_from": ["hup"]}],
            "venues.edge.mark_from: unknown name 'hup'; did you mean hub?",
        ),
        (
            [HUB, EDGE | {"assets": ["BTC", "ETG"]}],
            "venues.edge.assets: unknown name 'ETG'; did you mean ETH? (known: BTC, ETH, ALT)",
        ),
        ([HUB, EDGE | {"depth_share": 0}], "venues.1.depth_share: input should be greater than 0, got 0"),
        ([HUB, EDGE | {"latency_ms": -1}], "venues.1.latency_ms: input should be greater than or equal to 0"),
        ([HUB, EDGE | {"rate_limit": 5}], "unknown key 'venues.1.rate_limit'; did you mean"),
        (
            [HUB, EDGE | {"preset": "binanse"}],
            "venues.1.preset: unknown venue preset 'binanse'; did you mean",
        ),
        (
            [HUB, EDGE | {"withdrawals_suspended": [{"start_s": 5, "end_s": 5}]}],
            "venues.1.withdrawals_suspended.0: end_s is 5; it must be after start_s, 5",
        ),
        ([{"name": f"venue {n}"} for n in range(9)], "venues: "),
    ],
)
def test_faults(venues, says):
    assert complaint(venues).startswith(says)


def test_the_whale_trades_where_there_is_an_exchange():
    whale = {"start_s": 0, "end_s": 9, "venue": "egde"}
    assert complaint([HUB, EDGE], whale=whale).startswith(
        "whale.venue: unknown name 'egde'; did you mean edge? (known: hub, edge)"
    )


def test_exchanges_are_overridden_by_number_and_by_name(small):
    assert small({"venues.0.capacity_per_s": "7"}).venues[0].capacity_per_s == 7
    assert small({"venues.hub.capacity_per_s": "7"}).venues[0].capacity_per_s == 7
    with pytest.raises(InputError, match="unknown item 'hup'; did you mean hub"):
        small({"venues.hup.capacity_per_s": "7"})


def test_a_scenario_without_venues_has_one_and_its_keys_can_be_set():
    assert [venue.name for venue in load("calm").venues] == ["hub"]
    assert load("calm", {"venues.hub.capacity_per_s": "7"}).venues[0].capacity_per_s == 7
