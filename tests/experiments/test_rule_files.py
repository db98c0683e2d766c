"""A rule file of the user's own takes the place of a preset; what is wrong with it is said by field."""

import pickle
from pathlib import Path

import pytest

from abm.venues.presets import load_preset
from experiments.building.rules import venue_rules
from experiments.building.stage import Stage
from experiments.errors import InputError
from experiments.fingerprints import own_sources_fingerprint
from experiments.scenarios import changed, load

SMALL = (Path(__file__).parents[1] / "small.toml").read_text("utf-8")
RULES = """
name = "mine"
other_assets = "BTC"

[assets.BTC]
tiers = [[0, 100000, 0.01, 50], [100000, 1000000000, 0.05, 10]]
"""
EXCHANGES = """
[[venues]]
name = "hub"
[[venues]]
name = "edge"
preset = "my-rules.toml"
spot = false
"""


@pytest.fixture
def world(tmp_path):
    """Return the scenario, with an exchange that follows a rule file with more lines in it."""

    def make(lines="", rules=RULES, exchanges=EXCHANGES):
        (tmp_path / "my-rules.toml").write_text(rules + lines)
        file = tmp_path / "mine.toml"
        file.write_text(SMALL.replace('[[venues]]\nname = "hub"\n', exchanges))
        return load(str(file))

    return make


def complaint(world, *words, **more):
    with pytest.raises(InputError) as caught:
        world(*words, **more)
    (line,) = str(caught.value).splitlines()
    return line


def test_the_exchange_has_the_rules_of_the_file(world):
    scenario = world()
    floors = Stage(scenario, 1, "baseline").floors
    assert floors[1].venue.name == "mine"
    assert floors[1].venue.terms("ETH").tiers.tiers[1].maintenance_rate == 0.05
    assert floors[0].venue.name == "binance-usdm-2024-10"


def test_rules_travel_with_the_scenario(world, tmp_path):
    scenario = world()
    (tmp_path / "my-rules.toml").unlink()
    elsewhere = pickle.loads(pickle.dumps(scenario))
    assert elsewhere.venues[1].rules == scenario.venues[1].rules
    assert elsewhere.venues[1].rules.name == "mine"


def test_another_file_is_another_run(world):
    before = own_sources_fingerprint(world())
    assert before == own_sources_fingerprint(world())
    assert before != own_sources_fingerprint(world(rules=RULES.replace("0.05", "0.06")))


def test_a_change_reads_the_file_again(world):
    assert changed(world(), {"retail.traders": 10}).venues[1].rules.name == "mine"


def test_mark_and_index_draw_on_exchanges_of_the_scenario(world):
    mark = '[mark]\nrule = "venue-median"\nvenues = ["hub"]\nweights = [3.0]\n'
    index = '[index]\nrule = "weighted"\nvenues = ["binance-usdm-2024-10"]\n'
    scenario = world(mark + index)
    assert scenario.venues[1].mark_from == scenario.venues[1].index_from == ("hub",)
    assert Stage(scenario, 1, "baseline").floors[1].venue.mark.weights == (3.0,)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            '[mark]\nrule = "median"\nvenues = ["hup"]\n',
            "venues.edge.preset: my-rules.toml: mark.venues: unknown venue 'hup'",
        ),
        (
            '[index]\nrule = "weighted"\nvenues = ["okx-2025"]\n',
            "venues.edge.preset: my-rules.toml: index.venues: unknown venue 'okx-2025'; did you mean 'hub'? "
            "(exchanges here: hub, edge; index_from may name others)",
        ),
        (
            '[index]\nrule = "of-venue"\nvenues = ["edge"]\n',
            "venues: edge: index.venues: circular index: edge -> edge",
        ),
        ("[funding]\ninterval_hours = 0.0\n", "venues.edge.preset: my-rules.toml: funding: "),
        (
            "[founding]\n",
            "venues.edge.preset: my-rules.toml: unknown key 'founding'; did you mean 'funding'?",
        ),
        (
            "[assets.ALT]\ntiers = [[0, 10, 0.03, 50]]\n",
            "venues.edge.preset: my-rules.toml: assets.ALT.tiers: ",
        ),
        (
            "[assets.ALT]\ntiers = [[0, 10, 0.01, 50], [5, 20, 0.02, 20]]\n",
            "venues.edge.preset: my-rules.toml: assets.ALT.tiers: tier 2: floor 5 overlaps the tier below",
        ),
    ],
)
def test_faults(world, lines, says):
    assert complaint(world, lines).startswith(says)


def test_two_exchanges_that_index_each_other(world, tmp_path):
    ring = '[index]\nrule = "of-venue"\nvenues = ["{}"]\n'
    (tmp_path / "other.toml").write_text(RULES + ring.format("edge"))
    exchanges = EXCHANGES + '[[venues]]\nname = "third"\npreset = "other.toml"\n'
    says = complaint(world, ring.format("third"), exchanges=exchanges)
    assert says == "venues: edge: index.venues: circular index: edge -> third -> edge"


def test_a_missing_file_and_a_misspelt_rule():
    with pytest.raises(InputError, match=r"^venues\.hub\.preset: no such rule file, '.*absent\.toml'$"):
        load("calm", {"venues.hub.preset": "absent.toml"})
    with pytest.raises(
        InputError, match=r"^venues\.0\.adl_rank: unknown rule 'bitmx'; did you mean bitmex\?"
    ):
        load("calm", {"venues.hub.adl_rank": "bitmx"})


@pytest.mark.parametrize("factor", [0.5, 2.0, 20.0])
def test_scaled_margin_tiers(factor):
    spec = load("calm", {"venues.hub.margin_scale": factor}).venues[0]
    before, after = load_preset(spec.preset).assets, venue_rules(spec, {"hub": spec.preset}).assets
    for name, terms in before.items():
        first, last = after[name].tiers.tiers[0], after[name].tiers.tiers[-1]
        assert first.maintenance_rate == pytest.approx(factor * terms.tiers.tiers[0].maintenance_rate)
        assert first.max_leverage == int(terms.tiers.tiers[0].max_leverage / factor)
        assert last.maintenance_rate < 1.0
        assert last.max_leverage >= 1
