"""The job from a file to a verdict, on bars with a known answer, and every way it can refuse."""

import json
import math
from datetime import UTC, datetime
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from abm.measures.price_path import Floats
from experiments.diagnose import diagnose
from experiments.diagnostics.table import print_diagnosis
from experiments.errors import InputError

EPOCH = int(datetime(2025, 10, 1, tzinfo=UTC).timestamp())
BARS_A_DAY = 288
START = 7 * BARS_A_DAY + 100  # bar at whose beginning the event begins
EVENT_START = datetime.fromtimestamp(EPOCH + 300 * START, tz=UTC).isoformat()


def event_closes(give_back: float, calm_after: float) -> Floats:
    """Return 12 days of closes: calm, 20 % down in six bars, a share of it back in 12 bars, then level."""
    n = 12 * BARS_A_DAY
    level = np.full(n, 100.0)
    level[START : START + 6] = np.linspace(100, 80, 7)[1:]
    level[START + 6 :] = 80 + 20 * give_back
    level[START + 6 : START + 18] = 80 + 20 * give_back * np.linspace(0, 1, 13)[1:]
    wiggle = np.where(np.arange(n) % 24 < 12, 1.0, -1.0) * 0.001
    wiggle[START + 6 :] *= calm_after
    return level * np.exp(wiggle * np.r_[np.ones(START), np.zeros(18), np.ones(n - START - 18)])


def write_bars(file, closes: Floats, drop: frozenset[int] = frozenset()):
    lines = [f"{EPOCH + 300 * i},{c:.6f},{10}\n" for i, c in enumerate(closes) if i not in drop]
    file.write_text("time,close,volume\n" + "".join(lines))
    return file


@pytest.fixture
def cascade_file(tmp_path):
    return write_bars(tmp_path / "bars.csv", event_closes(give_back=0.9, calm_after=1.0))


def test_a_fall_given_back_reads_as_cascade(cascade_file):
    result = diagnose(cascade_file, EVENT_START)
    metrics = {name: value for name, (value, _) in result.event.metrics().items()}
    assert metrics["total_fall"] == pytest.approx(20.0, abs=0.1)
    assert metrics["recovery_share_1h"] == pytest.approx(0.9, abs=0.01)
    assert metrics["half_recovery_minutes"] == 35.0
    assert math.isnan(metrics["full_recovery_minutes"])
    assert metrics["volatility_ratio_3d"] == pytest.approx(1.0, abs=0.05)
    assert math.isnan(metrics["equity_beta_share"])
    assert result.reading.verdict == "cascade"
    assert [e.vote for e in result.reading.evidence] == ["cascade", "cascade", "cascade", "abstains"]
    assert result.found is False
    assert result.warnings == ()


def test_a_fall_that_stays_reads_as_repricing(tmp_path):
    file = write_bars(tmp_path / "bars.csv", event_closes(give_back=0.2, calm_after=6.0))
    assert diagnose(file, EVENT_START).reading.verdict == "repricing"


def test_the_event_is_found_without_being_told(cascade_file):
    told, found = diagnose(cascade_file, EVENT_START), diagnose(cascade_file)
    assert found.found is True
    assert abs(found.event.fall.start_s - told.event.fall.start_s) <= 300.0
    assert found.event.fall.low_s == told.event.fall.low_s


def test_json_and_figure_are_written(cascade_file, tmp_path):
    out = tmp_path / "new" / "folder"
    result = diagnose(cascade_file, EVENT_START, out=out)
    assert sorted(path.name for path in out.iterdir()) == ["diagnosis.json", "diagnosis.png"]
    assert (out / "diagnosis.png").read_bytes().startswith(b"\x89PNG")
    table = json.loads((out / "diagnosis.json").read_text(), parse_constant=pytest.fail)  # no NaN in it
    assert table["reading"]["verdict"] == "cascade"
    assert table["event"]["start"] == "2025-10-08T08:20Z"
    assert table["metrics"]["total_fall"] == {"value": pytest.approx(20.0, abs=0.1), "unit": "%"}
    assert table["metrics"]["equity_beta_share"]["value"] is None
    assert len(table["legs"]) == len(result.event.legs) == 1


def test_figures_are_drawn_for_short_and_strangely_named_files(tmp_path):
    # signs that matplotlib reads as mathematics, an event in the first bars, an end before one hour
    closes = np.r_[np.full(12, 100.0), np.linspace(100, 80, 7)[1:], np.full(8, 85.0)]
    file = write_bars(tmp_path / "b$_{a}rs$.csv", closes)
    result = diagnose(file, out=tmp_path / "out")
    assert (tmp_path / "out" / "diagnosis.png").exists()
    assert result.reading.verdict == "undecided"
    assert any("bars end" in warning for warning in result.warnings)


def test_the_table_says_what_was_measured(cascade_file):
    console = Console(width=110, record=True, highlight=False, file=StringIO())
    result = diagnose(cascade_file, EVENT_START)
    print_diagnosis(result, console)
    text = console.export_text()
    assert f"-{100 * result.event.fall.share:.1f} %" in text
    for part in ("reads as cascade", "not in 4.", "35 min to 40 min", "abstains", "> 0.654 cascade"):
        assert part in text


def test_a_reference_that_falls_too_explains_the_fall(tmp_path):
    closes = event_closes(give_back=0.2, calm_after=6.0)
    rng = np.random.default_rng(2)
    closes = closes * np.exp(np.cumsum(0.0005 * rng.standard_normal(len(closes))))
    file = write_bars(tmp_path / "bars.csv", closes)
    index = write_bars(tmp_path / "index.csv", 4000 * np.sqrt(closes / closes[0]))
    result = diagnose(file, EVENT_START, index)
    assert result.event.beta is not None
    assert result.event.beta.beta == pytest.approx(2.0)
    assert result.event.beta.share == pytest.approx(1.0)
    assert result.reading.evidence[3].vote == "repricing"


def test_a_reference_of_another_time_is_noted(cascade_file, tmp_path):
    index = tmp_path / "index.csv"
    index.write_text("time,close\n" + "".join(f"2019-01-{d:02d},{100 + d}\n" for d in range(1, 20)))
    result = diagnose(cascade_file, EVENT_START, index)
    assert result.event.beta is None
    assert any("no beta share" in warning for warning in result.warnings)


def test_gaps_inside_the_event_are_refused_and_elsewhere_noted(tmp_path):
    closes = event_closes(give_back=0.9, calm_after=1.0)
    inside = write_bars(tmp_path / "inside.csv", closes, frozenset({START + 30, START + 31}))
    with pytest.raises(
        InputError, match=r"inside\.csv: 2 bars are missing inside the event, the first after 2025"
    ):
        diagnose(inside, EVENT_START)
    outside = write_bars(tmp_path / "outside.csv", closes, frozenset({50, 51, 52, 9 * BARS_A_DAY + 200}))
    result = diagnose(outside, EVENT_START)
    assert result.reading.verdict == "cascade"
    (note,) = result.warnings
    assert note.startswith(
        "4 bars are missing outside the event (in 2 gaps, the first after 2025-10-01 04:05 UTC)"
    )


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (
            "2024-01-01",
            r"event start 2024-01-01 00:00 UTC is outside bars\.csv \(2025-10-01 00:00 to 2025-10-13",
        ),
        ("2025-10-13T00:00Z", "is outside"),
        ("yesterday", "event start 'yesterday' is no time in ISO 8601"),
        ("2025-10-12T23:00", "the price does not fall below"),
    ],
)
def test_bad_event_starts(cascade_file, tmp_path, start, message):
    closes = event_closes(give_back=0.9, calm_after=0.0)
    file = write_bars(cascade_file, closes)
    with pytest.raises(InputError, match=message):
        diagnose(file, start, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_zones_of_the_event_start(cascade_file):
    fall = diagnose(cascade_file, EVENT_START).event.fall
    assert diagnose(cascade_file, "2025-10-08T10:20+02:00").event.fall == fall
    assert diagnose(cascade_file, datetime(2025, 10, 8, 8, 20)).event.fall == fall


def test_prices_that_never_fall(tmp_path):
    file = write_bars(tmp_path / "bars.csv", np.linspace(100, 120, 400))
    with pytest.raises(InputError, match=r"bars\.csv: the price never falls"):
        diagnose(file)


def test_a_folder_that_cannot_be_written_to(cascade_file, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="--out: cannot write into"):
        diagnose(cascade_file, EVENT_START, out=blocked / "folder")


def test_a_small_fall_is_called_hardly_an_event(tmp_path):
    rng = np.random.default_rng(4)
    file = write_bars(tmp_path / "bars.csv", 100 * np.exp(np.cumsum(0.001 * rng.standard_normal(3000))))
    assert any("hardly an event" in warning for warning in diagnose(file).warnings)
