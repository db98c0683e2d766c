"""The shipped presets: what they hold, one position on all of them, and rule files that are refused."""

import dataclasses

import numpy as np
import pytest

from abm.instruments import Instrument, instrument_table
from abm.ledger.accounts import FIRST_TRADER
from abm.ledger.ledger import Ledger
from abm.rules.breaches import find_breaches
from abm.rules.margin_tiers import MarginTiers, Tier
from abm.venues.policies import POLICIES
from abm.venues.presets import load_preset, load_venue, preset_names, preset_notes
from abm.venues.references import IndexOfVenue, check_references
from abm.venues.terms import AssetTerms
from abm.venues.venue import binance_like

USD = 1_000_000
NAMES = preset_names()
TABLE = instrument_table([Instrument("X-PERP", "X", "perpetual", 0.0001, 1.0)], ["X"])
GOOD = 'name = "v"\nother_assets = "A"\n[assets.A]\ntiers = [[0, 1000, 0.01, 50]]\n'


def test_all_presets_of_the_issue_are_there():
    wanted = "binance-usdm-2025 bybit-2024 okx-2025 hyperliquid-2025 dydx-v4 bitmex-2020 gmx-v2"
    assert {*wanted.split(), "binance-usdm-2024-10"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_dated_and_names_sources_and_what_is_unknown(name):
    venue, notes = load_preset(name), preset_notes(name)
    assert venue.name == name
    assert notes.date
    assert notes.description
    assert notes.sources
    assert notes.unknown or name == "binance-usdm-2024-10"


def test_every_policy_is_used_by_some_preset():
    used = {type(load_preset(name).liquidation) for name in NAMES}
    assert used == set(POLICIES.values())


def liquidated_at(venue):
    """Price below which the venue's own sweep finds a long of 1,000 at 10 with 5x and 1 % breached."""
    tiers = MarginTiers((Tier(0, 1e9, 0.01, 50),))
    venue = dataclasses.replace(venue, assets={"X": AssetTerms(tiers)}, other_assets="X")
    ledger = Ledger(TABLE, FIRST_TRADER + 2)
    long, short = FIRST_TRADER, FIRST_TRADER + 1
    ledger.isolated[0, long], ledger.leverage[0, long] = 1, 5
    ledger.deposit(long, 2_000 * USD)
    ledger.deposit(short, 1_000_000 * USD)
    ledger.position_transfer(0, short, long, 1_000, 100_000)
    table, backing = venue.tiers(TABLE, ["X"]), venue.backing(TABLE, ["X"])
    low, high = 80_000, 100_000
    while high - low > 1:
        tick = (low + high) // 2
        found = find_breaches(ledger, np.array([tick]), table, backing=backing)
        low, high = (tick, high) if len(found) else (low, tick)
    return high / 10_000


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("binance-usdm-2025", 8.0808),
        ("okx-2025", 8.0857),
        ("bybit-2024", 8.1000),
        ("hyperliquid-2025", 8.0808),
        ("dydx-v4", 8.0808),
        ("bitmex-2020", 8.0808),
        ("gmx-v2", 8.0808),
    ],
)
def test_the_same_position_is_liquidated_where_each_venue_says(name, price):
    assert liquidated_at(load_preset(name)) == pytest.approx(price, abs=1.01e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD + "[funding]\ninterval_hours = 0",
            "v.toml: funding: interval_hours is 0.0; it must be above zero",
        ),
        (
            GOOD + "[mark]\nrule = 'venue-media'",
            "mark.rule is 'venue-media'; allowed: .* did you mean 'venue-median'",
        ),
        (
            GOOD + "[mark]\nrule = 'venue-median'\nvenues = ['okx-2052']\nweights = [1.0]",
            "mark.venues: unknown venue 'okx-2052'; allowed: .*; did you mean 'okx-2025'",
        ),
        (
            GOOD + "[mark]\nrule = 'venue-median'\nvenues = ['okx-2025']\nweights = [1.0, 2.0]",
            "mark.weights is .*one weight for each of the 1 mark.venues",
        ),
        (
            GOOD + "[index]\nrule = 'single'\nvenues = 'okx-2025'",
            "index.venues is 'okx-2025'; it must be a list",
        ),
        (GOOD + "[liquidation]\nrule = 'market-slice'", "liquidation.rule is .*did you mean 'market-slices'"),
        (
            GOOD + "[liquidation]\nrule = 'step-down'\ntier = 2",
            "liquidation: unknown key 'tier'; did you mean 'tiers'",
        ),
        (GOOD + "[liquidation]\nsizing = 'half'", "liquidation: sizing is 'half'; allowed: restore, full"),
        (GOOD + "[adl]\nrank = 'binanse'", "adl: rank is 'binanse'; allowed: binance"),
        (GOOD + "[collateral.coins]\nUSDE = [[0, 1.2]]", "collateral.coins.USDE: ratios is"),
        (GOOD + "[collateral.coins]\nUSDE = [[5, 0.9]]", "collateral.coins.USDE: floors is"),
        (
            GOOD + "[collateral]\nprice = 'last'",
            "collateral: price is 'last'; allowed: book, oracle, throttled",
        ),
        (GOOD + "[matching]\nkind = 'pool'", "pool is missing and matching.kind is 'pool'"),
        (GOOD + "[matching]\nsequencing = 'cancel-first'", "matching: block_ms is 0"),
        (GOOD + "[margin]\nnotional = 'index'", "margin: notional is 'index'; allowed: mark, entry"),
        (
            GOOD.replace("[[0, 1000, 0.01, 50]]", "[[0, 1000, 0.01, 50], [900, 2000, 0.02, 20]]"),
            "tier 2: floor 900 overlaps the tier below; it must be 1000",
        ),
        (
            GOOD.replace("[[0, 1000, 0.01, 50]]", "[[0, 1000, 0.01, 50], [1100, 2000, 0.02, 20]]"),
            "tier 2: floor 1100 leaves a gap",
        ),
        ("unknown = 'all'\n" + GOOD, "unknown is 'all'; it must be a list of names"),
    ],
)
def test_bad_rule_files_are_refused_by_field_value_and_what_is_allowed(tmp_path, text, message):
    path = tmp_path / "v.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_venue(path)


def test_marks_may_name_the_venues_of_a_world(tmp_path):
    path = tmp_path / "v.toml"
    path.write_text(GOOD + "[mark]\nrule = 'venue-median'\nvenues = ['hub']\nweights = [1.0]")
    assert load_venue(path, ["hub", "dex"]).mark_venues == ("hub",)
    with pytest.raises(ValueError, match="unknown venue 'hub'; allowed: dex"):
        load_venue(path, ["dex"])


def test_references_between_venues_are_checked():
    def venue(source):
        return binance_like(index=IndexOfVenue(), index_venues=(source,))

    check_references({"a": venue("b"), "b": binance_like()})
    with pytest.raises(ValueError, match=r"a: index.venues: circular index: a -> b -> c -> a"):
        check_references({"a": venue("b"), "b": venue("c"), "c": venue("a")})
    with pytest.raises(ValueError, match=r"a: index.venues: unknown venue 'd'"):
        check_references({"a": venue("d")})
