"""Replays: finished runs of every kind are opened, shown as they were, and cannot be changed."""

import base64
import json

import numpy as np
import pytest

from experiments.build import build
from experiments.errors import InputError
from experiments.measure import measure
from experiments.single import _write
from experiments.visualizer import changes, exports
from experiments.visualizer.frame import frame
from experiments.visualizer.lane import Lane
from experiments.visualizer.old_traces import trace_of
from experiments.visualizer.openings import Openings
from experiments.visualizer.packing import unpack
from experiments.visualizer.recordings import RUN_FILE, SERIES_FILE, Recordings
from experiments.visualizer.replay import Replay, ReplayPlayback
from experiments.visualizer.session import Session
from experiments.visualizer.view import View


@pytest.fixture(scope="module")
def lane(small):
    """Return a run that is over."""
    lane = Lane(build(small(), 1, views=False), small())
    while not lane.finished:
        lane.step()
    return lane


@pytest.fixture(scope="module")
def saved(lane, tmp_path_factory):
    """Return the file that the page would save of it."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    name, content = exports.export(lane, "run", 0)
    path = tmp_path_factory.mktemp("saved") / name
    path.write_bytes(content)
    return path


def replay_of(path):
    runs = Recordings(path)
    return Replay(runs.open(runs.names[0]))


def last_frame(shown):
    while not shown.finished:
        shown.step()
    header, arrays = unpack(frame([shown], View(focus=shown.shown[0])))
    return header["lanes"][0], arrays


def test_a_saved_run_shows_what_was_seen(lane, saved):
    seen, arrays = last_frame(lane)
    again, old = last_frame(replay_of(saved))
    np.testing.assert_array_equal(old["series:0"], arrays["series:0"])
    np.testing.assert_array_equal(old["world:0"], arrays["world:0"])
    for part in ("stages", "latest", "totals", "now_s"):
        assert again[part] == seen[part]


def test_the_folder_of_one_run_can_be_replayed(lane, saved, tmp_path, monkeypatch):
    from experiments.report import draw

    monkeypatch.setattr(draw, "draw_chapter", lambda *_: {})
    trace = lane.model.trace()
    about = {"scenario": lane.scenario.model_dump(mode="json"), "seed": 1, "twin": "baseline"}
    _write(tmp_path, trace, measure(trace, lane.scenario), "small", 3.0, "", about)
    assert {RUN_FILE, SERIES_FILE} <= {path.name for path in tmp_path.iterdir()}
    again, old = last_frame(replay_of(tmp_path))
    seen, arrays = last_frame(lane)
    np.testing.assert_allclose(old["series:0"], arrays["series:0"], rtol=1e-6)
    assert again["totals"] == seen["totals"]
    assert again["stages"] == seen["stages"]


def test_series_by_minute_are_shown_too(lane):
    result = measure(lane.model.trace(), lane.scenario)
    trace = trace_of(dict(result.minutes), lane.scenario, 1, "baseline", {})
    assert trace.instruments[0] == "BTC-PERP"
    assert trace.time_s[result.minutes["minute"] == 0] == lane.scenario.crash.start_s
    totals = lane.model.recorder.by_instrument["liquidated_long"].sum()
    assert trace.by_instrument["liquidated_long"].sum() == pytest.approx(totals)
    with pytest.raises(InputError, match="neither a column time_s nor a column minute"):
        trace_of({"x": np.zeros(3)}, lane.scenario, 1, "baseline", {})


def test_what_is_no_run_is_one_clear_sentence(tmp_path, saved):
    with pytest.raises(InputError, match="neither the folder of a sweep"):
        Recordings(tmp_path)
    with pytest.raises(InputError, match="neither the folder of a sweep"):
        Recordings(tmp_path / "nowhere.parquet")
    (tmp_path / SERIES_FILE).write_text("time_s\n1\n")
    (tmp_path / RUN_FILE).write_text("{}")
    with pytest.raises(InputError, match="no scenario stands in it"):
        Recordings(tmp_path).open(tmp_path.name)
    (tmp_path / RUN_FILE).write_text("not json")
    with pytest.raises(InputError, match="cannot be replayed"):
        Recordings(tmp_path).open(tmp_path.name)
    with pytest.raises(InputError, match="unknown run '/etc/passwd'"):
        Recordings(saved).open("/etc/passwd")
    with pytest.raises(InputError, match="--run 7: no such finished run"):
        Recordings(saved).name_of(7)


def test_time_moves_and_nothing_can_be_changed(saved):
    playback = ReplayPlayback(replay_of(saved))
    assert not playback.jump(200.0)
    assert playback.now_s == 200.0
    assert playback.jump(70.0)
    playback.step()
    assert playback.now_s == 71.0
    for refused in (
        lambda: playback.change(0, changes.InjectNews(size=-0.1)),
        lambda: playback.fork(None),
        lambda: playback.unite(0),
        lambda: playback.follow("hub", 3),
    ):
        with pytest.raises(InputError, match="this is a replay"):
            refused()
    playback.follow(None, 0)


def test_a_page_replays_and_then_simulates_the_same_run(saved, lane):
    heard = []
    session = Session(heard.append, Openings(), saved.name, replays=Recordings(saved))
    session.guarded(session._reset, session_command('{"do":"reset"}'))
    assert heard[-1]["layout"]["replay"]
    assert heard[-1]["layout"]["scenarios"] == [saved.name]
    session.guarded(session._obey, session_command('{"do":"export","what":"scenario"}'))
    assert b"[retail]" in base64.b64decode(heard[-1]["file"]["base64"])
    session.guarded(session._obey, session_command('{"do":"reset","scenario":"../x.parquet"}'))
    assert "unknown run" in heard[-1]["error"]
    session.guarded(session._obey, session_command('{"do":"reset","simulate":true}'))
    assert not heard[-1]["layout"]["replay"]
    assert json.dumps(heard[-1]["layout"], allow_nan=False)
    own = session.playback.lanes[0]
    mine = own.model.recorder.by_instrument["last"][: own.steps]
    assert mine.tobytes() == lane.model.recorder.by_instrument["last"][: own.steps].tobytes()


def session_command(text):
    from experiments.visualizer.commands import read_command

    return read_command(text)
