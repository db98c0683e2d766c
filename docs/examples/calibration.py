"""The figures of the guide: four parameters of March 2020 fitted with few runs, and the bands they move."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from experiments.calibration.job import CalibrationRequest, calibrate
from experiments.calibration_command import print_calibration

MARCH = {
    "name": "march",
    "scenarios": [{"scenario": "covid-2020"}],
    "parameters": [
        {"path": "news.second leg.size", "low": -0.4, "high": -0.1},
        {"path": "retail.leverage_median", "low": 2.5, "high": 10.0, "spacing": "log"},
        {"path": "retail.open_interest_over_depth", "low": 12.0, "high": 50.0, "spacing": "log"},
        {"path": "market_maker.risk_limit", "low": 1.2, "high": 4.0},
    ],
    "seeds": [1, 2],
    "judge_seeds": [101, 102, 103, 104, 105],
    "budget": 30,
}


def main(
    folder: str = "my-calibration",
    calibration: Mapping[str, Any] = MARCH,
    workers: int = 2,
    executor: Executor | None = None,
) -> None:
    found = calibrate(CalibrationRequest(calibration, folder, workers), executor=executor)
    print_calibration(found)
    bands = [band.target.id for band in found.bands]
    for parameter, moved in zip(found.file.parameters, found.identifiability.moved, strict=True):
        names = [name for name, yes in zip(bands, moved, strict=True) if yes]
        print(f"{parameter.path} moves {len(names)} of {len(bands)} bands: {' '.join(names)}")


if __name__ == "__main__":
    main()
