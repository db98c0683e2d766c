"""Frames: what a page is told of a run, and that nothing is lost when it misses some."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from abm.rules.margin_tiers import maintenance_margin
from experiments.build import build
from experiments.visualizer import book_picture
from experiments.visualizer.credit_picture import credit_layout, credit_state
from experiments.visualizer.frame import frame, frame_of
from experiments.visualizer.lane import Lane
from experiments.visualizer.layout import SERIES, layout
from experiments.visualizer.liquidation_map import breach_prices, liquidation_map, wallets
from experiments.visualizer.packing import pack, unpack
from experiments.visualizer.roster import Query, standing
from experiments.visualizer.social_picture import social_picture
from experiments.visualizer.view import View


@pytest.fixture(scope="module")
def lane(small):
    """Return a run in the middle of its crash."""
    lane = Lane(build(small(), 1, views=False), small())
    while lane.now_s < 75.0:
        lane.step()
    return lane


def test_arrays_come_out_as_they_went_in():
    given = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.zeros((0, 4), "u1"), "c": np.array([1.5])}
    header, arrays = unpack(pack({"word": "ü"}, given))
    assert header == {"word": "ü"}
    for name, array in given.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].tolist() == array.tolist()
        assert arrays[name].shape == array.shape


def test_a_header_with_nan_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        pack({"x": float("nan")}, {})


def test_another_message_is_refused():
    with pytest.raises(ValueError, match="begins with"):
        unpack(b"GIF89a  ")


def test_a_page_that_misses_frames_misses_no_step(lane, small):
    run = Lane(build(small(), 3, views=False), small())
    view, rows, pictures = View(focus=run.shown[0]), [], []
    for steps in (1, 7, 0, 30, 2):
        for _ in range(steps):
            run.step()
        header, arrays = unpack(frame([run], view, details=False))
        part = header["lanes"][0]
        assert part["from"] == sum(map(len, rows))
        rows.append(arrays["series:0"].reshape(-1, len(run.model.instrument_names), len(SERIES)))
        pictures.append(arrays["pictures:0"])
    recorded = run.model.recorder.by_instrument[: run.steps]
    sent = np.concatenate(rows)
    for place, name in enumerate(SERIES):
        np.testing.assert_array_equal(sent[..., place], recorded[name].astype("f4"))
    np.testing.assert_array_equal(np.concatenate(pictures), run.pictures[: run.steps, 0])


def test_details_come_only_when_asked_for(lane):
    header, arrays = unpack(frame([lane], View(), details=False))
    assert "map:0" not in arrays
    assert "latest" not in header["lanes"][0]
    header, arrays = unpack(frame_of(lane.model, lane.scenario))
    assert arrays["map:0"].shape == (2, layout(lane)["map"]["bins"])
    names = {stage["name"] for stage in header["lanes"][0]["stages"]}
    assert "adl" in names
    assert header["lanes"][0]["totals"]["liquidated_long"] > 0


def test_the_layout_is_plain_json_and_names_what_frames_carry(lane):
    known = json.loads(json.dumps(layout(lane), allow_nan=False))
    _, arrays = unpack(frame([lane], View()))
    assert arrays["series:0"].shape[1:] == (len(known["instruments"]), len(known["series"]))
    assert arrays["world:0"].shape[1] == len(known["world"])
    assert arrays["makers:0"].shape == (known["makers"], len(known["instruments"]))


def test_picture_holds_what_rests_near_the_mid(lane):
    exchange = lane.model.hub
    usd = book_picture.depth_by_distance(exchange, 0)
    terms, mid = exchange.table[0], float(exchange.view["mid"][0])
    inside = 0.0
    for side in exchange.books.snapshot(0, 100_000):
        price = side[:, 0] * terms["tick"]
        inside += float(
            (price * side[:, 1] * terms["lot"])[np.abs(price / mid - 1) < book_picture.REACH].sum()
        )
    assert usd.sum() == pytest.approx(inside)
    assert inside > 0


def test_colours_are_a_log_scale_with_an_inverse():
    usd = np.array([0.0, 1.0, book_picture.LOW_USD, 1e5, book_picture.HIGH_USD, 1e12])
    codes = book_picture.colours(usd)
    assert codes.tolist()[:3] == [0, 1, 1]
    assert codes.tolist()[-2:] == [255, 255]
    assert book_picture.notional(codes)[3] == pytest.approx(1e5, rel=0.03)


def test_an_account_is_worth_its_margin_at_the_price_of_the_map(small):
    model = build(small({"cross_margin_fund.funds": 0}), 1, views=False)
    model.step()
    exchange, ledger = model.hub, model.hub.ledger
    price = breach_prices(exchange, 0)
    alone = (ledger.isolated[0] != 0) & np.isfinite(price)
    assert alone.sum() > 10
    account = int(np.flatnonzero(alone)[0])
    tick = float(exchange.table["tick"][0])
    value = int(exchange.table["tick_lot_value"][0])
    at = round(price[account] / tick) * value
    lots = int(ledger.position[0, account])
    equity = int(ledger.isolated_margin[0, account]) + lots * at - int(ledger.entry_value[0, account])
    needed = maintenance_margin(exchange.risk.engine.tiers, 0, abs(lots) * at)
    assert equity == pytest.approx(needed, rel=0.02)


def test_longs_wait_below_the_mark_and_shorts_above(lane):
    longs, shorts = liquidation_map(lane.model.hub, 0)
    middle = len(longs) // 2
    assert longs[:middle].sum() > 0
    assert longs[middle:].sum() == 0
    assert shorts[:middle].sum() == 0


def test_the_social_picture_counts_everybody_and_shows_moods(lane):
    network = lane.model.networks[0]
    picture = social_picture(lane.model, shown=50)
    assert len(picture.node) + picture.counts.sum() == network.graph.nodes
    assert picture.followers.tolist() == sorted(picture.followers.tolist(), reverse=True)
    assert np.abs(picture.place).max() <= 1.0
    for who, leader in picture.links.tolist():
        followed = network.graph.followed[
            network.graph.start[picture.node[who]] : network.graph.start[picture.node[who] + 1]
        ]
        assert picture.node[leader] in followed
    mood = picture.mood(np.where(np.arange(network.graph.nodes) == picture.node[3], -0.5, 0.25))
    assert mood[3] == -50
    assert set(mood.tolist()) <= {-50, 25, 0}


def test_a_market_without_talk_or_credit_has_no_such_picture(small):
    quiet = build(small({"retail.traders": 0, "herd.traders": 0}), 1, views=False)
    if all(network.graph.nodes < 2 for network in quiet.networks if hasattr(network, "graph")):
        assert social_picture(quiet) is None
    assert credit_state(quiet) is None
    assert credit_layout(quiet) is None


def test_the_credit_picture_says_who_owes_and_who_failed():
    owed = np.array([[0, 5_000_000, 0], [0, 0, 2_000_000], [0, 0, 0]])
    table = np.zeros(3, [("first_assets", "i8"), ("first_equity", "i8"), ("equity", "i8"), ("state", "i1")])
    table["first_assets"], table["first_equity"] = [10**6, 3 * 10**6, 2 * 10**6], 100
    table["equity"], table["state"] = [100, 40, -5], [0, 1, 2]
    network = SimpleNamespace(debts=SimpleNamespace(owed=owed, names=("a", "b", "c")), table=table)
    model = SimpleNamespace(networks=[SimpleNamespace(), network])
    known, state = credit_layout(model), credit_state(model)
    assert known["names"] == ["b", "c", "a"]  # the largest first
    assert known["links"] == [2, 0, 0, 1]  # a owes b, b owes c
    assert known["amounts"] == [5.0, 2.0]
    assert state == {"loss": [0.6, 1.0, 0.0], "failed": [False, True, False]}


def test_the_table_of_agents_sorts_and_filters(lane):
    everyone = lane.roster.table(Query(sort="leverage", descending=True), most=10_000)
    leverage = [row["leverage"] for row in everyone["rows"] if row["leverage"] is not None]
    assert leverage == sorted(leverage, reverse=True)
    makers = lane.roster.table(Query(kind="market_maker"))
    assert makers["total"] == 3
    assert {row["kind"] for row in makers["rows"]} == {"market_maker"}
    assert lane.roster.table(Query(kind="nobody"))["total"] == 0
    with pytest.raises(ValueError, match="unknown column"):
        lane.roster.table(Query(sort="name"))


def test_equity_is_that_of_the_wallet(lane):
    exchange = lane.model.hub
    now = standing(exchange)
    cross = wallets(exchange)[0] / 1e6
    without_isolated = ~(exchange.ledger.isolated != 0).any(axis=0)
    np.testing.assert_allclose(now.equity_usd[without_isolated], cross[without_isolated])
