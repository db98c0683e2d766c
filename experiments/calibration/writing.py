"""What a calibration leaves behind: JSON, tables, figures, and a scenario file with the values found."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.calibration.market_runs import resolved_text
from experiments.compare import file_name
from experiments.output import write_bytes, write_text
from experiments.stored_runs import write_table
from experiments.summary import software_versions
from experiments.target_job import Judged

if TYPE_CHECKING:
    from experiments.calibration.job import Calibration


def write_calibration(calibration: "Calibration", command: str) -> None:
    """Write everything into the folder of the calibration."""
    from experiments.calibration.figures import draw_bands, draw_identifiability

    folder = calibration.folder
    document = calibration_document(calibration) | {"command": command, "versions": software_versions()}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(folder / "calibration.json", text)
    write_table(bands_table(calibration), folder / "bands.csv")
    write_table(points_table(calibration), folder / "points.csv")
    write_table(identifiability_table(calibration), folder / "identifiability.csv")
    write_bytes(folder / "bands.png", draw_bands(calibration))
    write_bytes(folder / "identifiability.png", draw_identifiability(calibration))
    for name, fitted in calibration.scenarios.items():
        text = resolved_text(fitted, calibration.settings(name), f"{name}-calibrated")
        write_text(folder / f"{file_name(name)}-calibrated.toml", text)


def calibration_document(calibration: "Calibration") -> dict[str, Any]:
    """Return everything but the points as plain values for JSON; unknown numbers are None."""
    file = calibration.file
    return {
        "name": file.name,
        "method": file.method,
        "points": len(calibration.points) - 1,
        "seeds": list(file.seeds),
        "judge_seeds": list(file.judge_seeds),
        "distance": {
            "rule": "sum over bands of the squared distance outside the band in half-widths, at most cap**2, "
            "plus pull times the squared distance from the real figure inside it",
            "cap": file.cap,
            "pull": file.pull,
            "before": plain(calibration.distances[0]),
            "best": plain(calibration.distances[calibration.best]),
            "before_on_fresh_seeds": plain(calibration.judged_distance(calibration.before)),
            "after_on_fresh_seeds": plain(calibration.judged_distance(calibration.after)),
        },
        "parameters": [
            {
                "path": parameter.path,
                "also": list(parameter.also),
                "low": parameter.low,
                "high": parameter.high,
                "spacing": parameter.spacing,
                "before": plain(calibration.own[place]),
                "after": plain(calibration.values[place]),
            }
            for place, parameter in enumerate(file.parameters)
        ],
        "settings": {name: calibration.settings(name) for name in calibration.scenarios},
        "before": _judged(calibration.before),
        "after": _judged(calibration.after),
        "score": {
            "before": calibration.hits(calibration.before),
            "after": calibration.hits(calibration.after),
        },
        "identifiability": identifiability_table(calibration).replace({np.nan: None}).to_dict("records"),
    }


def _judged(rows: Mapping[str, Sequence[Judged]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [
            {
                "id": row.target.id,
                "simulated": plain(row.estimate.median),
                "low95": plain(row.estimate.low),
                "high95": plain(row.estimate.high),
                "verdict": row.verdict,
            }
            for row in own
        ]
        for name, own in rows.items()
    }


def plain(value: float) -> float | None:
    """Return a number that JSON can hold; None when there is none."""
    return float(f"{value:.10g}") if math.isfinite(value) else None


def bands_table(calibration: "Calibration") -> pd.DataFrame:
    """Return one row a band: what it asks for, and medians on fresh seeds before and after."""
    rows = []
    for name in calibration.scenarios:
        for old, new in zip(calibration.before[name], calibration.after[name], strict=True):
            target = old.target
            rows.append(
                {
                    "scenario": name,
                    "id": target.id,
                    "title": target.title,
                    "unit": target.unit,
                    "low": target.low,
                    "high": target.high,
                    "real": target.real,
                    "before": old.estimate.median,
                    "before_verdict": old.verdict,
                    "after": new.estimate.median,
                    "after_low95": new.estimate.low,
                    "after_high95": new.estimate.high,
                    "after_verdict": new.verdict,
                }
            )
    return pd.DataFrame(rows)


def points_table(calibration: "Calibration") -> pd.DataFrame:
    """Return one row a point: values of the parameters, distance, medians on the seeds of fitting."""
    paths = [parameter.path for parameter in calibration.file.parameters]
    table = pd.DataFrame(calibration.points, columns=paths)
    table.insert(0, "point", range(len(table)))
    table.insert(1, "distance", calibration.distances)
    names = [f"{band.target.id}@{band.scenario}" for band in calibration.bands]
    return pd.concat([table, pd.DataFrame(calibration.moments, columns=names)], axis=1)


def identifiability_table(calibration: "Calibration") -> pd.DataFrame:
    """Return one row for each parameter and band: rank correlation and its interval."""
    found = calibration.identifiability
    return pd.DataFrame(
        [
            {
                "parameter": parameter.path,
                "scenario": band.scenario,
                "id": band.target.id,
                "rank_correlation": found.correlation[row, column],
                "low95": found.low[row, column],
                "high95": found.high[row, column],
                "moved": bool(found.moved[row, column]),
            }
            for row, parameter in enumerate(calibration.file.parameters)
            for column, band in enumerate(calibration.bands)
        ]
    )
