"""The example of a calibration is valid, and the page of targets names every band."""

from pathlib import Path

from experiments.calibration.calibration_file import read_calibration
from experiments.calibration.job import bands_of
from experiments.calibration.market_runs import read_scenarios
from experiments.targets import load_targets

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def test_the_example_calibrates_what_it_says():
    path = DOCS / "examples" / "calibration.toml"
    file = read_calibration(path)
    bands = bands_of(read_scenarios(file, path.parent))
    assert {band.scenario for band in bands} == {"october-2025"}
    assert "B19" not in {band.target.id for band in bands}
    assert "examples/calibration.toml" in (DOCS / "how-to" / "calibration.md").read_text("utf-8")


def test_the_page_of_targets_names_every_band(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    import target_bands

    page = (DOCS / "reference" / "targets.md").read_text("utf-8")
    tables = "".join(
        target_bands.markdown(event)
        for event in target_bands.EVENTS
        if target_bands.MARK.format(event) in page
    )
    assert [target.id for target in load_targets() if f"| {target.id} |" not in tables] == []
