"""Run many seeds on all cores, and keep what is finished."""

from pathlib import Path

from experiments.runs import Job, run_many
from experiments.scenarios import load


def main(
    scenario: str = "october-2025",
    seeds: int = 4,
    folder: str = "my-runs",
    **overrides: float,
) -> None:
    for leverage in (3.0, 10.0):
        changed = load(scenario, {**overrides, "retail.leverage_median": leverage})
        jobs = [Job(changed, seed, until="crash_end") for seed in range(seeds)]
        outcome = run_many(jobs, Path(folder), workers=2)
        falls = [round(result.metrics["total_fall"], 2) for result in outcome.results]
        print(f"median leverage {leverage:g}: falls of {falls} %")
        print(f"{len(outcome.failures)} runs failed")


if __name__ == "__main__":
    main()
