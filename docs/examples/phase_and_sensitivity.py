"""Sweep one small crash: the map of its phases, and what its fall depends on."""

from pathlib import Path
from typing import Any

from experiments.output import write_bytes
from experiments.phase import phase_map
from experiments.report.phase import phase_figure
from experiments.report.sensitivity import sensitivity_figure
from experiments.sensitivity import sensitivity
from experiments.sweep import SweepRequest, sweep
from experiments.sweeps.sweep_reading import read_sweep

HERE = Path(__file__).parent
LEVERAGE, NEWS = "retail.leverage_median", "news.0.size"
FORCED = "liquidated_over_open_interest"
MAP = {
    "name": "phases",
    "scenario": str(HERE / "five-minutes.toml"),
    "until": "crash_end",
    "traces": "none",
    "replications": 2,
    "axes": [
        {"path": LEVERAGE, "start": 3.0, "end": 15.0, "count": 5},
        {"path": NEWS, "start": -0.25, "end": -0.05, "count": 5},
    ],
}


def main(
    folder: str = "undertow-out",
    phases: dict[str, Any] = MAP,
    sample: dict[str, Any] | None = None,
    workers: int = 2,
) -> None:
    sweep(SweepRequest(phases, Path(folder) / "phases", workers=workers))
    found = phase_map(Path(folder) / "phases", LEVERAGE, NEWS, FORCED, rule=f"{FORCED}>0.5")
    write_bytes(Path(folder) / "phase.png", phase_figure(found))
    print(f"{int((found.cascades >= 0.5).sum())} of {found.median.size} points are cascades")

    drawn = read_sweep(HERE / "sensitivity.toml").model_dump(exclude_none=True)
    drawn["scenario"] = str(HERE / drawn["scenario"])
    sweep(SweepRequest(sample or drawn, Path(folder) / "sensitivity", workers=workers))
    both = sensitivity(Path(folder) / "sensitivity", ["total_fall", FORCED])
    write_bytes(Path(folder) / "sensitivity.png", sensitivity_figure(both))
    for item in both:
        for index in item.indices:
            print(f"{item.metric}, {index.path}, {index.measure}: {index.value:.2f}")


if __name__ == "__main__":
    main()
