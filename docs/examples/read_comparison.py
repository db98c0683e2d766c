"""Read the files of a comparison."""

import json
import sys
from pathlib import Path

import pandas as pd


def main(folder: str = "undertow-out") -> None:
    summary = json.loads(Path(folder, "summary.json").read_text("utf-8"))
    for name, scenario in summary["scenarios"].items():
        fall = scenario["metrics"]["total_fall"]
        print(name, "reads as", scenario["reading"]["verdict"])
        print("  fall", fall["median"], fall["ci95"], fall["unit"])
        for twin in scenario["twins"].values():
            print(" ", twin["label"], twin["share_of_fall_removed"], twin["ci95"])

    runs = pd.read_csv(Path(folder, "tables", "runs.csv"))
    baseline = runs[runs["twin"] == "baseline"]
    print(baseline.groupby("scenario")[["total_fall", "recovery_share_1h"]].describe())


if __name__ == "__main__":
    main(*sys.argv[1:])
