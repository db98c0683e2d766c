"""Compare changes of rules on one small crash, and draw what each does to two objectives."""

from pathlib import Path

from experiments.policies.printing import print_study
from experiments.policies.study import PolicyRequest, study
from experiments.policies.writing import write_study

HERE = Path(__file__).parent


def main(
    folder: str = "undertow-out/policy",
    seeds: int = 4,
    scenario: str = str(HERE / "five-minutes.toml"),
    policies: Path | None = None,
    **overrides: float,
) -> None:
    request = PolicyRequest(scenario, policies, seeds=seeds, workers=2, out=Path(folder), overrides=overrides)
    found = study(request)
    print_study(found)
    write_study(found, "python policy_study.py")


if __name__ == "__main__":
    main()
